// Formatting of the whole tree. AssemblyScript puts @inline before functions, which no parser of Prettier accepts. For files in
// assembly/ the parser here hides it in a comment of the same length, and the printer writes it back.
import * as estree from "prettier/plugins/estree";
import * as typescript from "prettier/plugins/typescript";

const { parsers } = typescript;
const printer = estree.printers.estree;

const assemblyscript = {
  languages: [{ name: "AssemblyScript", parsers: ["assemblyscript"] }],
  parsers: {
    assemblyscript: {
      ...parsers.typescript,
      astFormat: "assemblyscript",
      parse: (text, options) => parsers.typescript.parse(text.replace(/^@inline\b/gm, "/*@in*/"), options),
    },
  },
  printers: {
    assemblyscript: {
      ...printer,
      printComment: (path, options) => (path.node.value === "@in" ? "@inline" : printer.printComment(path, options)),
    },
  },
};

export default {
  printWidth: 140,
  trailingComma: "all",
  plugins: [assemblyscript],
  overrides: [{ files: "assembly/**/*.ts", options: { parser: "assemblyscript" } }],
};
