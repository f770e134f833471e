// Makes the page: one script, one stylesheet, the document, and the licences of what is in the script.
// Usage: node build.mjs FOLDER

import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const folder = process.argv[2];
if (!folder) throw new Error("usage: node build.mjs FOLDER");
await mkdir(folder, { recursive: true });

const { metafile } = await build({
  entryPoints: { page: "src/app/main.tsx" },
  outdir: folder,
  bundle: true,
  minify: true,
  metafile: true,
  format: "iife",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  charset: "utf8",
  legalComments: "none",
});
await copyFile("src/app/index.html", join(folder, "index.html"));

const inside = Object.keys(metafile.inputs).filter((path) => path.startsWith("node_modules/"));
const packages = new Set(inside.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)[1]));
const licences = [...packages].sort().map(async (name) => {
  const text = await readFile(join("node_modules", name, "LICENSE"), "utf8");
  return `${name}\n\n${text.trim()}\n`;
});
await writeFile(join(folder, "licenses.txt"), (await Promise.all(licences)).join("\n\n"));
