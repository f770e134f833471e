// Checks the layers of the page: a file may import from its own folder and from those further left
// in LAYERS, and no chain of imports may lead back to where it began. Type-only imports, dynamic ones
// and those of stylesheets count too.
// Usage: node layers.mjs

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const LAYERS = [["style", "common"], ["contract"], ["data"], ["map"], ["live", "panels"], ["app"]];
const SOURCE = "src";
// `import … from "x"`, `export … from "x"`, `import "x"`, `@import "x"`.
const STATEMENT = /\b(?:from|import)\s*(["'])([^"'\n]+)\1/g;
// `import("x")`, as a value and as a type; without a plain string, nothing is captured.
const CALL = /\bimport\s*\(\s*(?:(["'`])([^"'`$]+)\1\s*[,)])?/g;

const problems = [];
const files = readdirSync(SOURCE, { recursive: true })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => /\.(tsx?|css)$/.test(file))
  .sort();
const imports = new Map(files.map((file) => [file, importsOf(file)]));

for (const file of files) {
  if (rank(file) < 0) problems.push(`${file} is in no layer`);
  for (const other of imports.get(file)) {
    const inside = folder(file) === folder(other);
    if (!inside && rank(other) >= rank(file)) problems.push(`${file} must not import ${other}`);
  }
}
for (const circle of circles()) problems.push(`circle: ${circle.join(" → ")}`);

if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
const count = [...imports.values()].reduce((sum, others) => sum + others.length, 0);
console.log(`${files.length} files and ${count} imports keep to the layers.`);

/** The files of the page that a file imports. */
function importsOf(file) {
  const text = readFileSync(join(SOURCE, file), "utf8");
  const names = [...text.matchAll(STATEMENT), ...text.matchAll(CALL)].map((match) => match[2]);
  const found = new Set();
  for (const name of names) {
    if (name === undefined)
      problems.push(`${file}: a dynamic import must name its file in a plain string`);
    else if (name.startsWith(".")) found.add(resolve(file, name));
  }
  found.delete(null);
  return [...found];
}

/** The file that a relative name means in another file; null, and a problem: there is none. */
function resolve(file, name) {
  const path = relative(SOURCE, join(SOURCE, dirname(file), name)).replaceAll("\\", "/");
  const endings = ["", ".ts", ".tsx", "/index.ts", "/index.tsx"];
  const found = endings.map((ending) => path + ending).find((one) => files.includes(one));
  if (found) return found;
  const what = existsSync(join(SOURCE, path)) ? "lies outside the layers" : "is not there";
  problems.push(`${file}: ${name} ${what}`);
  return null;
}

function folder(file) {
  return file.split("/")[0];
}

function rank(file) {
  return LAYERS.findIndex((folders) => folders.includes(folder(file)));
}

/** Circles of imports, each from the file where it was entered back to that file. */
function circles() {
  const found = [];
  const done = new Set();
  const path = [];
  function visit(file) {
    const entered = path.indexOf(file);
    if (entered >= 0) found.push([...path.slice(entered), file]);
    if (entered >= 0 || done.has(file)) return;
    path.push(file);
    for (const other of imports.get(file)) visit(other);
    path.pop();
    done.add(file);
  }
  for (const file of files) visit(file);
  return found;
}
