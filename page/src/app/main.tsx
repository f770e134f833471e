import { render } from "preact";
import { App } from "./App";
import { followTheme } from "./theme";
import "../style/index.css";

followTheme();
const root = document.getElementById("page");
if (root) render(<App />, root);
