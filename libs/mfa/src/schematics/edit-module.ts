import type ts from 'typescript';

import type { TypeScript } from './source-text.js';
import { nodesOf, parse, propertyOf, withElements, withProperties } from './source-text.js';

/**
 * Adds elements to the `imports` of a module's source.
 *
 * @returns null if there is no `@Module({ … })` with literal `imports`, so that a person must edit it
 */
export function withModuleImports(compiler: TypeScript, text: string, elements: string[]): string | null {
  const metadata = rootOf(compiler, parse(compiler, text))?.metadata;
  if (!metadata) return null;
  const imports = propertyOf(metadata, 'imports');
  if (!imports) {
    const lines = elements.map((one) => `  ${one.replaceAll('\n', '\n  ')},\n`).join('');
    return withProperties(text, metadata, [`imports: [\n${lines}]`]);
  }
  if (!compiler.isPropertyAssignment(imports)) return null;
  if (!compiler.isArrayLiteralExpression(imports.initializer)) return null;
  return withElements(text, imports.initializer, elements);
}

/** The name of the module class; null if it can't be determined. */
export function moduleName(compiler: TypeScript, text: string): string | null {
  return rootOf(compiler, parse(compiler, text))?.name ?? null;
}

interface ModuleClass {
  name: string | undefined;
  /** The argument of `@Module()`. */
  metadata: ts.ObjectLiteralExpression;
}

/** The class with `@Module()`, or `AppModule` if there are several. */
function rootOf(compiler: TypeScript, source: ts.SourceFile): ModuleClass | undefined {
  const found = nodesOf(compiler, source, compiler.isClassDeclaration).flatMap((one) => {
    const metadata = (compiler.getDecorators(one) ?? [])
      .map(({ expression }) => expression)
      .filter(compiler.isCallExpression)
      .filter(({ expression }) => expression.getText() === 'Module')
      .map((call) => call.arguments[0])
      .find((argument) => argument !== undefined && compiler.isObjectLiteralExpression(argument));
    return metadata ? [{ name: one.name?.text, metadata: metadata }] : [];
  });
  return found.length === 1 ? found[0] : found.find(({ name }) => name === 'AppModule');
}
