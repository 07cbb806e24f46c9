import type ts from 'typescript';

import type { TypeScript } from './source-text.js';
import { nodesOf, parse, propertyOf, withElements, withImport, withProperties } from './source-text.js';

/** An edit that adds the module's tables to the application's DataSource. */
export interface TypeOrmEdit {
  text: string;
  /** What was done or remains to be done, in words. */
  remarks: string[];
}

/** Whether the source creates the application's DataSource. */
export function makesDataSource(text: string): boolean {
  return /\bTypeOrmModule\s*\.\s*forRoot(Async)?\s*\(/.test(text);
}

/**
 * Adds the module's entities and migrations to the application's DataSource options.
 *
 * @returns null if TypeORM's options aren't an object literal there
 */
export function withMfaTables(compiler: TypeScript, text: string): TypeOrmEdit | null {
  const find = (source: string) => optionsOf(compiler, parse(compiler, source));
  if (!find(text)) return null;
  const entities = withEntities(compiler, text, find);
  return entities === null ? null : withMigrations(compiler, entities, find);
}

type Find = (text: string) => ts.ObjectLiteralExpression | undefined;

function withEntities(compiler: TypeScript, text: string, find: Find): string | null {
  const options = find(text) as ts.ObjectLiteralExpression;
  if (options.getText().includes('MFA_ENTITIES')) return text;
  const auto = propertyOf(options, 'autoLoadEntities');
  if (auto) {
    const isOn = compiler.isPropertyAssignment(auto) && auto.initializer.getText() === 'true';
    if (isOn) return text;
  }
  const entities = propertyOf(options, 'entities');
  if (!entities && !auto) return withProperties(text, options, ['autoLoadEntities: true']);
  const list = entities && compiler.isPropertyAssignment(entities) ? entities.initializer : undefined;
  if (!list || !compiler.isArrayLiteralExpression(list)) return null;
  return withImport(compiler, withElements(text, list, ['...MFA_ENTITIES']), ['MFA_ENTITIES'], 'nestjs-mfa');
}

function withMigrations(compiler: TypeScript, text: string, find: Find): TypeOrmEdit | null {
  const options = find(text) as ts.ObjectLiteralExpression;
  const migrations = propertyOf(options, 'migrations');
  const isOn = (name: string) => {
    const property = propertyOf(options, name);
    return property !== undefined && !/:\s*false$/.test(property.getText());
  };
  if (migrations?.getText().includes('mfaMigrations')) return { text, remarks: [] };
  if (!migrations && isOn('synchronize')) {
    const remark =
      '`synchronize` creates the tables of nestjs-mfa. Where it is off, give TypeORM `migrations: mfaMigrations` from nestjs-mfa.';
    return { text, remarks: [remark] };
  }
  const imported = (source: string) => withImport(compiler, source, ['mfaMigrations'], 'nestjs-mfa');
  if (!migrations) {
    const properties = [
      'migrations: mfaMigrations',
      ...(isOn('migrationsRun') ? [] : ['migrationsRun: true']),
    ];
    return { text: imported(withProperties(text, options, properties)), remarks: [] };
  }
  const list = compiler.isPropertyAssignment(migrations) ? migrations.initializer : undefined;
  if (!list || !compiler.isArrayLiteralExpression(list)) return null;
  const remark =
    'The migrations of nestjs-mfa were added to yours. Run them as you run yours, and add `...mfaMigrations` to the DataSource that the TypeORM CLI reads too.';
  return {
    text: imported(withElements(text, list, ['...mfaMigrations'], 'begin')),
    remarks: isOn('migrationsRun') ? [] : [remark],
  };
}

/** The literal options passed to `forRoot()` or returned by the factory of `forRootAsync()`. */
function optionsOf(compiler: TypeScript, source: ts.SourceFile): ts.ObjectLiteralExpression | undefined {
  const call = nodesOf(compiler, source, compiler.isCallExpression).find(({ expression }) =>
    /^TypeOrmModule\s*\.\s*forRoot(Async)?$/.test(expression.getText()),
  );
  const argument = call?.arguments[0];
  if (!argument || !compiler.isObjectLiteralExpression(argument)) return undefined;
  if (!call.expression.getText().endsWith('Async')) return argument;
  const factory = propertyOf(argument, 'useFactory');
  return factory && answerOf(compiler, factory);
}

/** The object that a factory returns, if it has a single return. */
function answerOf(
  compiler: TypeScript,
  factory: ts.ObjectLiteralElementLike,
): ts.ObjectLiteralExpression | undefined {
  const made = compiler.isPropertyAssignment(factory) ? factory.initializer : factory;
  const body = compiler.isArrowFunction(made) || compiler.isMethodDeclaration(made) ? made.body : undefined;
  if (!body) return undefined;
  const bare = compiler.isParenthesizedExpression(body) ? body.expression : body;
  if (compiler.isObjectLiteralExpression(bare)) return bare;
  const answers = nodesOf(compiler, body, compiler.isReturnStatement).map(({ expression }) => expression);
  const [only] = answers;
  return answers.length === 1 && only && compiler.isObjectLiteralExpression(only) ? only : undefined;
}
