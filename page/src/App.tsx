export function App() {
  return <h1>wordkin</h1>;
}
