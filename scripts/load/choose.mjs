/** One of `[weight, value]`, by a random number from 0 to 1. */
export function choose(number, choices) {
  let rest = number * choices.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, value] of choices) {
    rest -= weight;
    if (rest < 0) return value;
  }
  return choices.at(-1)[1];
}
