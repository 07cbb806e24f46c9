import ts from 'typescript';

/** Replaces `…` in a list, an object or a string, which readers fill in themselves. */
const withoutEllipses = (code) =>
  code
    .replaceAll(/(?<=: )\{ … \}/g, '(rest as any)')
    .replaceAll(/\{ … \}/g, '{}')
    .replaceAll(/^( *)…,?$/gm, '$1')
    .replaceAll(/, …(?= ?[}\])])/g, ', ...(rest as any)')
    .replaceAll(/(?<=[[({] ?)…, /g, '...rest, ');

const isMember = (code) =>
  /^(?:\/\*\*.*?\*\/\s*|\/\/.*\n)*(?:override |constructor\(|@(?:Get|Post|Put|Patch|Delete|Query|Mutation|ResolveField|Sse)\()/s.test(
    code,
  );

/**
 * Turns a block into a module of its own. Blocks show what matters: a member without its class, an option without the
 * call that takes it, a statement without its function. The missing parts are added on the same lines, so that errors
 * refer to the right one.
 */
export function moduleOf(block) {
  const code = withoutEllipses(block.code);
  if (isMember(code)) {
    const base = /^\s*override /m.test(code)
      ? 'AppAdapter'
      : /^constructor\(/m.test(code)
        ? 'Object'
        : 'AppController';
    return `class Example extends ${base} { ${superCall(code)} }`;
  }
  if (/^\w+: [[{]/.test(code)) return `MfaModule.forRoot({ ...rest, ${code} });`;
  if (/^\{/.test(code)) return `const shown = ${code};`;
  if (/^\w[\w.]*\(.*\),\s*$/s.test(code)) return `const imports = [ ${code} ];`;
  if (/^(?:await|const .*= await|return)\b/m.test(code) && /\bthis\.|^return /m.test(code))
    return `async function example(this: AppController) { ${code} }`;
  return code;
}

/** A constructor shown on its own needs a `super()` call for its base class. */
const superCall = (code) => code.replace(/^(constructor\([^)]*\) \{)/, '$1 super();');

/** The names that a module declares at top level, which later blocks of the page may use. */
export function declaredIn(source) {
  return source.statements.flatMap((statement) => {
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.flatMap(({ name }) => namesOf(name));
    return statement.name && ts.isIdentifier(statement.name) ? [statement.name.text] : [];
  });
}

const namesOf = (name) =>
  ts.isIdentifier(name) ? [name.text] : name.elements.flatMap((one) => (one.name ? namesOf(one.name) : []));

/** What a module imports from packages, and from where: later blocks of the page keep using it. */
export function importedIn(source) {
  const found = new Map();
  for (const { importClause, moduleSpecifier } of source.statements.filter(ts.isImportDeclaration)) {
    for (const { name, propertyName } of importClause?.namedBindings?.elements ?? [])
      if (!propertyName) found.set(name.text, { from: moduleSpecifier.text });
    if (importClause?.name)
      found.set(importClause.name.text, { from: moduleSpecifier.text, isDefault: true });
  }
  return found;
}
