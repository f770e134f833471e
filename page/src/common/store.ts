/** Values that several components follow. */

import { useEffect, useState } from "preact/hooks";

export interface Store<T> {
  get: () => T;
  change: (next: (now: T) => T) => void;
  /** The value; the component that asks for it is drawn again when it changes. */
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
