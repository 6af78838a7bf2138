import process from 'node:process';

/** Prints what is wrong and what to do about it, or what is well. */
export function report(problems, well, advice) {
  if (problems.length === 0) {
    console.log(well);
    return;
  }
  for (const problem of problems) console.error(problem);
  if (advice) console.error(advice);
  process.exitCode = 1;
}
