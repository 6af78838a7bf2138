/** Holds back what the server would write, until a test lets it go. */
export interface Gate {
  /** Lets the next chunks out; settles when the last of them is on its way. */
  release(count?: number): Promise<void>;
  /** From now on nothing is held back. */
  open(): void;
  /** Settles as soon as a chunk waits here. */
  waiting(): Promise<void>;
}

export interface GateKeeper extends Gate {
  /** Settles when the next chunk may be written. */
  pass(): Promise<void>;
}

export function closedGate(): GateKeeper {
  let isOpen = false;
  const held: (() => void)[] = [];
  const permits: (() => void)[] = [];
  const onlookers: (() => void)[] = [];

  return {
    async release(count = 1) {
      await Promise.all(
        Array.from(
          { length: count },
          () =>
            new Promise<void>((left) => {
              const next = held.shift();
              if (next === undefined) permits.push(left);
              else {
                next();
                left();
              }
            }),
        ),
      );
    },
    open() {
      isOpen = true;
      for (const proceed of held.splice(0)) proceed();
      for (const left of permits.splice(0)) left();
    },
    waiting() {
      return held.length > 0 ? Promise.resolve() : new Promise((resolve) => onlookers.push(resolve));
    },
    async pass() {
      if (isOpen) return;
      const permit = permits.shift();
      if (permit !== undefined) return permit();
      await new Promise<void>((resolve) => {
        held.push(resolve);
        for (const tell of onlookers.splice(0)) tell();
      });
    },
  };
}
