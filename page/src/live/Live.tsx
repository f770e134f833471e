/** A run that is going on: its losses, its speed, and what it has learned so far. */
export function Live() {
  return <p>Training</p>;
}
