// Lint rules. Beside typescript-eslint's strict set they keep results the same on every engine: code that reaches a number may use
// only what the language defines to the last bit. Type information serves one purpose: no promise is dropped.
import js from "@eslint/js";
import tseslint from "typescript-eslint";

const exact = ["abs", "floor", "ceil", "trunc", "sign", "sqrt", "fround", "imul", "clz32", "min", "max"];
const constants = ["PI", "E", "LN2", "LN10", "LOG2E", "LOG10E", "SQRT2", "SQRT1_2"];
const allowed = [...exact, ...constants].join("|");

const exactMath = [
  {
    selector: `MemberExpression[object.name="Math"]:not([computed=false][property.name=/^(${allowed})$/])`,
    message: `Engines implement this one differently. Allowed: Math.${exact.join(" ")}. For exp, log, sin and pow see ts/math.ts.`,
  },
  {
    selector: ':not(MemberExpression) > Identifier[name="Math"]',
    message: "Name the function, as in Math.floor(x), so that it can be checked.",
  },
  {
    // 2 ** 31, written out, is exact.
    selector: ':matches(BinaryExpression[operator="**"]:not([left.value=2][right.type="Literal"]), AssignmentExpression[operator="**="])',
    message: "`**` is Math.pow, which engines implement differently.",
  },
  { selector: "MemberExpression[property.name=/^toLocale/]", message: "The locale of the machine must not reach a result." },
];

const exactGlobals = [
  { name: "globalThis", message: "Name the global itself, so that it can be checked." },
  { name: "self", message: "Name the global itself, so that it can be checked." },
  { name: "crypto", message: "Random numbers come from ts/random.ts, hashes from ts/sha256.ts." },
  { name: "Date", message: "The clock must not reach a result; performance.now() is there to measure with." },
  { name: "Intl", message: "The locale of the machine must not reach a result." },
];

/** uvu takes a string for a label and looks at no text. */
const textOfErrors = ["Literal[regex=undefined]", "TemplateLiteral"].map((kind) => ({
  selector: `CallExpression[callee.object.name="assert"][callee.property.name="throws"] > ${kind}.arguments:nth-child(2)`,
  message: "Looks at no text: wanted a regular expression or saying(text) of test/saying.ts.",
}));

const recipeDefault = { selector: "ExportDefaultDeclaration", message: "Named exports only; recipes alone have a default." };

const assemblyOnly = [
  {
    selector: ":matches(Program, ExportNamedDeclaration) > VariableDeclaration[kind='let']",
    message: "A mutable global breaks when a second thread instantiates.",
  },
  { selector: ":matches(NewExpression, ClassDeclaration)", message: "Kernels have no heap and no classes." },
  { selector: "TSTypeReference[typeName.name=/Array$/]", message: "Kernels take byte offsets; managed arrays need the heap." },
  {
    selector: "Identifier[name=/^(Math|Mathf|NativeMath|NativeMathf|JSMath|Date)$/]",
    message: "Kernels use f32x4/f64x2/f32/f64 built-ins and own polynomials.",
  },
  { selector: 'BinaryExpression[operator="**"]', message: "`**` calls NativeMath.pow." },
];

export default tseslint.config(
  { ignores: ["build/", "runs/", "data/", "coverage/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    rules: {
      eqeqeq: "error",
      "no-control-regex": "off", // terminal codes
      "no-var": "error",
      "prefer-const": "error",
      "object-shorthand": "error",
      "no-restricted-syntax": ["error", recipeDefault],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-import-type-side-effects": "error",
      "@typescript-eslint/no-explicit-any": "error",
      // An index is checked by hand where it can be out of range; numeric loops are full of `array[i]!` otherwise.
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrorsIgnorePattern: "^_" }],
    },
  },
  {
    files: ["ts/**/*.ts", "workers/**/*.ts"],
    rules: { "no-console": "error", "no-restricted-globals": ["error", ...exactGlobals] },
  },
  {
    files: ["ts/**/*.ts", "workers/**/*.ts"],
    rules: { "no-restricted-syntax": ["error", recipeDefault, ...exactMath] },
  },
  // Recipes describe a run and export it as their default.
  { files: ["ts/recipes/**/*.ts"], rules: { "no-restricted-syntax": ["error", ...exactMath] } },
  // The command line tells when something was; the report shows numbers and computes none that is used.
  { files: ["ts/cli/**/*.ts", "ts/report/**/*.ts"], rules: { "no-restricted-globals": "off" } },
  { files: ["ts/report/**/*.ts"], rules: { "no-restricted-syntax": ["error", recipeDefault] } },
  // The laboratory tells when something was; its page shows numbers and computes none that is used.
  { files: ["ts/lab/**/*.ts", "ts/lab/**/*.tsx"], rules: { "no-restricted-globals": "off" } },
  { files: ["ts/lab/page/**/*.ts", "ts/lab/page/**/*.tsx"], rules: { "no-restricted-syntax": ["error", recipeDefault] } },
  // A page that trains on one thread where it could have several is told so.
  { files: ["ts/browser.ts"], rules: { "no-console": "off" } },
  // The float64 definitions are the oracle.
  {
    files: ["ts/definitions/**/*.ts"],
    rules: {
      "no-restricted-globals": "off",
      "no-restricted-syntax": [
        "error",
        recipeDefault,
        { selector: 'MemberExpression[object.name="Math"][property.name="random"]', message: "A definition is a function of its inputs." },
      ],
    },
  },
  {
    files: ["assembly/**/*.ts"],
    languageOptions: { parserOptions: { allowInvalidAST: true } }, // @inline stands before functions
    rules: {
      "no-loss-of-precision": "off", // integers have 64 bits here
      eqeqeq: "off", // `==` compares numbers here; `===` does not exist for them
      "no-restricted-syntax": ["error", recipeDefault, ...assemblyOnly],
      "@typescript-eslint/ban-ts-comment": "off", // `// @ts-ignore: decorator` stands before @inline
    },
  },
  {
    files: ["ts/**/*.ts", "ts/**/*.tsx", "workers/**/*.ts", "bench/**/*.ts", "test/**/*.ts"],
    languageOptions: { parserOptions: { projectService: true } },
    rules: { "@typescript-eslint/no-floating-promises": "error", "@typescript-eslint/no-misused-promises": "error" },
  },
  { files: ["test/**/*.ts"], rules: { "no-restricted-syntax": ["error", recipeDefault, ...textOfErrors] } },
  { files: ["*.config.js"], rules: { "no-restricted-syntax": "off" } },
);
