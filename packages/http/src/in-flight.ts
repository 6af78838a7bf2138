/** What stays attached until the requests that are under way have ended. */
export interface InFlight {
  begin(): void;
  end(): void;
  /** No request begins any more: detaches at once, or when the last one ends. */
  leave(): void;
}

export function inFlight(detach: () => void): InFlight {
  let count = 0;
  let left = false;
  const look = (): void => {
    if (left && count === 0) detach();
  };
  return {
    begin() {
      count += 1;
    },
    end() {
      count -= 1;
      look();
    },
    leave() {
      left = true;
      look();
    },
  };
}
