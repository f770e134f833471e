/** Values that several components share. */

import { useEffect, useState } from "preact/hooks";

export interface Store<T> {
  get: () => T;
  change: (next: (now: T) => T) => void;
  /** A hook that returns the value and redraws the component when it changes. */
  use: () => T;
}

export function store<T>(first: T): Store<T> {
  let value = first;
  const followers = new Set<(value: T) => void>();
  return {
    get: () => value,
    change(next) {
      value = next(value);
      for (const follow of followers) follow(value);
    },
    use() {
      const [seen, setSeen] = useState(() => value);
      useEffect(() => {
        const follow = (now: T) => setSeen(() => now);
        follow(value);
        followers.add(follow);
        return () => {
          followers.delete(follow);
        };
      }, []);
      return seen;
    },
  };
}
