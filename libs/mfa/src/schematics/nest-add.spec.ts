import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';

import { describe, expect, it } from '@jest/globals';
import typescript from 'typescript';

import type { NestAddOptions } from './nest-add.js';
import { nestAdd } from './nest-add.js';

const MODULE = 'src/app.module.ts';
const DATABASE = 'src/database.module.ts';
const PACKAGE = JSON.stringify({ name: '@us/shop', dependencies: { '@nestjs/core': '^11.0.1' } });
const EMPTY = `import { Module } from '@nestjs/common';
import { AppController } from './app.controller';

@Module({
  imports: [],
  controllers: [AppController],
})
export class AppModule {}
`;

/** An in-memory application tree, as the Nest CLI provides it. */
class Files {
  readonly told: string[] = [];
  readonly tasks: unknown[] = [];
  private readonly texts: Map<string, string>;

  constructor(texts: Record<string, string>) {
    this.texts = new Map(Object.entries({ 'package.json': PACKAGE, ...texts }));
  }

  add(options: NestAddOptions = {}): this {
    const tell = (message: string) => void this.told.push(message);
    const addTask = (task: { toConfiguration(): unknown }) => void this.tasks.push(task.toConfiguration());
    nestAdd(options)(this.tree, { logger: { info: tell, warn: tell }, addTask });
    return this;
  }

  text = (path: string): string => this.texts.get(path) ?? '';

  all = (): Record<string, string> => Object.fromEntries(this.texts);

  private readonly tree = {
    exists: (path: string) => this.texts.has(path),
    read: (path: string) => (this.texts.has(path) ? Buffer.from(this.text(path)) : null),
    create: (path: string, content: string) => void this.texts.set(path, content),
    overwrite: (path: string, content: string) => void this.texts.set(path, content),
    getDir: (folder: string) => ({
      visit: (visitor: (path: string) => void) =>
        [...this.texts.keys()].filter((path) => path.startsWith(`${folder}/`)).forEach(visitor),
    }),
  };
}

/** TypeORM's options within a module that otherwise doesn't matter. */
const database = (root: string) =>
  `import { TypeOrmModule } from '@nestjs/typeorm';\n\n@Module({\n  imports: [\n    ${root},\n  ],\n})\nexport class DatabaseModule {}\n`;

describe('nest add', () => {
  it('adds to an application without TypeORM all that it needs', () => {
    const files = new Files({ [MODULE]: EMPTY }).add();
    expect(files.text(MODULE)).toBe(`import { Module } from '@nestjs/common';
import { AppController } from './app.controller';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MfaModule, mfaMigrations } from 'nestjs-mfa';
import { AppMfaAdapter } from './mfa/app-mfa.adapter';
import { mfaOptions } from './mfa/mfa.options';

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      database: process.env.NODE_ENV === 'test' ? ':memory:' : 'app.sqlite',
      autoLoadEntities: true,
      migrations: mfaMigrations,
      migrationsRun: true,
    }),
    MfaModule.forRootAsync({
      // \`imports\`: the modules that export what the adapter injects, such as UsersModule.
      adapter: { useClass: AppMfaAdapter, imports: [] },
      pages: true,
      useFactory: mfaOptions,
    }),
  ],
  controllers: [AppController],
})
export class AppModule {}
`);
    expect(JSON.parse(files.text('package.json'))).toMatchObject({
      dependencies: { '@nestjs/typeorm': '^11.0.1', 'better-sqlite3': '^12.0.0', typeorm: '^1.0.0' },
    });
    expect(files.tasks).toEqual([{ name: 'node-package', options: { command: 'install' } }]);
    expect(files.told.join()).toContain('SQLite in app.sqlite');
    expect(files.text('src/mfa/mfa.options.ts')).toContain("rpName: 'shop'");
    expect(files.text('src/mfa/app-mfa.adapter.ts')).toContain('extends DefaultMfaAdapter');
    expect(files.text('test/mfa.e2e-spec.ts')).toContain("from '../src/app.module'");
    expect(files.text('.env')).toMatch(/^NODE_ENV=development\nMFA_SECRET=[\w+/]{43}=\n$/);
    expect(files.text('.gitignore')).toBe('.env\napp.sqlite\n');
  });

  it('says what changes once the adapter asks the service that knows the users', () => {
    const files = new Files({ [MODULE]: EMPTY }).add();
    const told = files.told.join();
    const test = files.text('test/mfa.e2e-spec.ts');
    expect(files.text('src/mfa/app-mfa.adapter.ts')).toContain('belongs in the `imports` of');
    expect(told).toContain(
      'in src/app.module.ts: `adapter: { useClass: AppMfaAdapter, imports: [UsersModule] }`',
    );
    expect(told).toContain('`npm run test:e2e`');
    expect(test).toMatch(/Once `findUser\(\)` asks a database[^]*const user = \{ id: randomUUID\(\) \};/);
    expect(test).toContain('signInWithMfa(app, user)');
    const untested = new Files({ [MODULE]: EMPTY }).add({ skipTest: true }).told.join();
    expect(untested).toContain('imports: [UsersModule]');
    expect(untested).not.toContain('NODE_ENV is `test`');
  });

  it('says that its test writes into a database', () => {
    const root =
      "TypeOrmModule.forRoot({ type: 'better-sqlite3', database: 'app.sqlite', autoLoadEntities: true })";
    const files = new Files({ [MODULE]: EMPTY, [DATABASE]: database(root) }).add();
    expect(files.text('test/mfa.e2e-spec.ts')).toMatch(/writes to the database[^]*':memory:'/);
    expect(files.told.join()).toMatch(/writes to the database[^]*a database of their own/);
  });

  describe('what the module is told', () => {
    /** Evaluates the generated options in an environment without a `.env`. */
    function optionsIn(env: Record<string, string>): { webauthn: unknown } {
      const source = new Files({ [MODULE]: EMPTY }).add().text('src/mfa/mfa.options.ts');
      const { outputText } = typescript.transpileModule(source, {
        compilerOptions: { module: typescript.ModuleKind.CommonJS, target: typescript.ScriptTarget.ES2022 },
      });
      const exported: { mfaOptions?: () => { webauthn: unknown } } = {};
      const needed = (name: string) => (name === 'node:fs' ? { existsSync: () => false } : {});
      // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the file is what is tested
      const run = new Function('require', 'exports', 'process', outputText) as (...given: unknown[]) => void;
      run(needed, exported, { env });
      return exported.mfaOptions?.() ?? { webauthn: null };
    }

    it.each(['development', 'test'])('is localhost under NODE_ENV=%s, unless it is said', (NODE_ENV) => {
      const origins = ['http://localhost:3000'];
      const localhost = { rpId: 'localhost', rpName: 'shop', origins, allowInsecureOrigin: true };
      expect(optionsIn({ NODE_ENV }).webauthn).toEqual(localhost);
      expect(optionsIn({ NODE_ENV, APP_ORIGIN: 'https://shop.example' }).webauthn).toMatchObject({
        rpId: 'shop.example',
      });
    });

    it.each<Record<string, string>>([{ NODE_ENV: 'production' }, {}])('has to be said under %o', (env) => {
      const lacks = /^APP_ORIGIN is not set: set it to the address of the site/;
      expect(() => optionsIn({ ...env })).toThrow(lacks);
      expect(() => optionsIn({ ...env, APP_ORIGIN: '' })).toThrow(lacks);
      expect(optionsIn({ ...env, APP_ORIGIN: 'https://shop.example' }).webauthn).toEqual({
        rpId: 'shop.example',
        rpName: 'shop',
        origins: ['https://shop.example'],
        allowInsecureOrigin: false,
      });
    });
  });

  it('changes nothing when it runs again', () => {
    const files = new Files({ [MODULE]: EMPTY }).add();
    const before = files.all();
    expect(files.add().all()).toEqual(before);
    expect(files.tasks).toHaveLength(1);
  });

  it('leaves what is there: a secret, an adapter, a test', () => {
    const given = {
      [MODULE]: EMPTY,
      '.env': 'export MFA_SECRET=mine\nNODE_ENV=production',
      '.gitignore': '/node_modules\n.env*\n/app.sqlite',
      'src/mfa/app-mfa.adapter.ts': '// mine',
      'test/mfa.e2e-spec.ts': '// mine',
    };
    const { [MODULE]: _module, ...kept } = given;
    expect(new Files(given).add().all()).toMatchObject(kept);
  });

  it('appends to files that are there', () => {
    const files = new Files({ [MODULE]: EMPTY, '.env': 'PORT=3000', '.gitignore': 'dist' }).add();
    expect(files.text('.env')).toMatch(/^PORT=3000\nNODE_ENV=development\nMFA_SECRET=\S+\n$/);
    expect(files.text('.gitignore')).toBe('dist\n.env\napp.sqlite\n');
  });

  it('does as its options say', () => {
    const moved = { 'apps/shop/src/root.module.ts': EMPTY.replaceAll('AppModule', 'RootModule') };
    const options = { sourceRoot: 'apps/shop/src', module: 'apps/shop/src/root.module.ts', path: 'auth/mfa' };
    const files = new Files(moved).add({ ...options, pages: false, skipTest: true, skipInstall: true });
    const module = files.text('apps/shop/src/root.module.ts');
    expect(module).toContain("path: 'auth/mfa',\n      useFactory");
    expect(module).not.toContain('pages');
    expect(files.all()).toHaveProperty(['apps/shop/src/mfa/mfa.options.ts']);
    expect(Object.keys(files.all()).filter((path) => path.includes('e2e'))).toEqual([]);
    expect(files.tasks).toEqual([]);
    expect(files.told.join()).toContain('Install the packages');
    const tested = new Files(moved).add(options);
    expect(tested.text('apps/shop/test/mfa.e2e-spec.ts')).toContain(
      "import { RootModule } from '../src/root.module';",
    );
  });

  it.each([
    ['no imports', '@Module({ controllers: [] })\nexport class AppModule {}\n'],
    ['nothing', '@Module({})\nexport class AppModule {}\n'],
    ['one line', '@Module({ imports: [OtherModule] })\nexport class AppModule {}\n'],
    [
      'a comma at the end',
      '@Module({\n  imports: [\n    A, // first\n    B,\n  ],\n})\nexport class AppModule {}\n',
    ],
    ['no comma at the end', '@Module({\n  imports: [\n    A,\n    B\n  ]\n})\nexport class AppModule {}\n'],
    ['another class', '@Module({})\nclass Other {}\n@Module({ imports: [] })\nexport class AppModule {}\n'],
  ])('adds to a module with %s', (_, module) => {
    const files = new Files({ [MODULE]: module }).add();
    const text = files.text(MODULE);
    expect(text).toMatch(/imports: \[[^]*TypeOrmModule\.forRoot\([^]*MfaModule\.forRootAsync\([^]*\]/);
    expect(text.match(/,\s*,/)).toBeNull();
    expect(text.indexOf('MfaModule.forRootAsync')).toBeGreaterThan(text.lastIndexOf('@Module('));
    for (const kept of ['OtherModule', 'A, // first', 'class Other']) {
      expect(text.includes(kept)).toBe(module.includes(kept));
    }
  });

  it('goes by how the sources are written', () => {
    const module = EMPTY.replaceAll("'", '"').replace('./app.controller', './app.controller.js');
    const files = new Files({ [MODULE]: module.replaceAll('  ', '\t') }).add();
    expect(files.text(MODULE)).toContain('from "./mfa/mfa.options.js";');
    expect(files.text(MODULE)).toContain('\t\tMfaModule.forRootAsync({\n');
    expect(files.text('test/mfa.e2e-spec.ts')).toContain("from '../src/app.module.js'");
  });

  it.each([
    [
      'none',
      "TypeOrmModule.forRoot({ type: 'postgres' })",
      /type: 'postgres',\s+autoLoadEntities: true,\s+migrations: mfaMigrations,\s+migrationsRun: true,/,
    ],
    [
      'some that run at boot',
      'TypeOrmModule.forRoot({ autoLoadEntities: true, migrations: [One], migrationsRun: true })',
      /migrations: \[\s+\.\.\.mfaMigrations,\s+One,\s+\]/,
    ],
    [
      'a list of entities',
      'TypeOrmModule.forRoot({\n  entities: [User],\n  migrations: [],\n})',
      /entities: \[\s+User,\s+\.\.\.MFA_ENTITIES,\s+\],\s+migrations: \[\s+\.\.\.mfaMigrations,\s+\]/,
    ],
    [
      'a factory',
      "TypeOrmModule.forRootAsync({ useFactory: () => ({ type: 'postgres', autoLoadEntities: true }) })",
      /\(\{\s+type: 'postgres',\s+autoLoadEntities: true,\s+migrations: mfaMigrations,\s+migrationsRun: true,\s+\}\)/,
    ],
    [
      'a method',
      "TypeOrmModule.forRootAsync({ useFactory() { return { type: 'postgres', autoLoadEntities: true }; } })",
      /return \{\s+type: 'postgres',[^}]*mfaMigrations/,
    ],
  ])('adds its tables to a DataSource with %s', (_, root, expected) => {
    const files = new Files({ [MODULE]: EMPTY, [DATABASE]: database(root) }).add();
    expect(files.text(DATABASE)).toMatch(expected);
    expect(files.text(DATABASE)).toMatch(/import \{[^}]*mfaMigrations[^}]*\} from 'nestjs-mfa';/);
    expect(files.text(MODULE)).toContain('MfaModule.forRootAsync');
    expect(files.text(MODULE)).not.toContain('TypeOrmModule');
    expect(files.text('package.json')).toBe(PACKAGE);
    expect(files.text('.gitignore')).toBe('.env\n');
  });

  it('leaves tables to `synchronize` where that is on', () => {
    const root = 'TypeOrmModule.forRoot({ autoLoadEntities: true, synchronize: true })';
    const files = new Files({ [MODULE]: EMPTY, [DATABASE]: database(root) }).add();
    expect(files.text(DATABASE)).toBe(database(root));
    expect(files.told.join()).toContain('`synchronize` creates the tables');
  });

  it('finds TypeORM in the root module itself', () => {
    const module = EMPTY.replace(
      '[]',
      "[TypeOrmModule.forRoot({ type: 'postgres', autoLoadEntities: true })]",
    );
    const files = new Files({
      [MODULE]: `import { TypeOrmModule } from '@nestjs/typeorm';\n${module}`,
    }).add();
    expect(files.text(MODULE)).toContain('migrations: mfaMigrations');
    expect(files.text(MODULE).match(/TypeOrmModule\.forRoot/g)).toHaveLength(1);
    expect(files.text(MODULE)).toContain("import { MfaModule } from 'nestjs-mfa';");
  });

  it.each([
    ['TypeOrmModule.forRoot(options)', 'are not an object literal'],
    ['TypeOrmModule.forRoot({ autoLoadEntities: true, migrations: all })', 'mfaMigrations'],
    ['TypeOrmModule.forRootAsync({ useClass: Options })', 'MFA_ENTITIES'],
  ])('says what to do by hand for %s', (root, told) => {
    const files = new Files({ [MODULE]: EMPTY, [DATABASE]: database(root) }).add();
    expect(files.text(DATABASE)).toBe(database(root));
    expect(files.told.join()).toContain(told);
  });

  it.each([
    ['export const AppModule = {};', 'has no class'],
    ['@Module({ imports: all })\nexport class AppModule {}', 'has no class'],
    [null, 'there is no src/app.module.ts'],
  ])('says what to do by hand for the root module %s', (module, told) => {
    const files = new Files(module === null ? {} : { [MODULE]: module }).add();
    expect(files.text(MODULE)).toBe(module ?? '');
    expect(files.told.join()).toContain(told);
    expect(files.told.join()).toContain('MfaModule.forRootAsync({');
  });

  it('does without a compiler, and without package.json not at all', () => {
    const here = process.cwd();
    const folder = mkdtempSync(`${tmpdir()}/nestjs-mfa-add-`);
    process.chdir(folder);
    try {
      const files = new Files({ [MODULE]: EMPTY }).add();
      expect(files.text(MODULE)).toBe(EMPTY);
      expect(files.told.join()).toContain('no `typescript`');
    } finally {
      process.chdir(here);
      rmSync(folder, { recursive: true });
    }
    expect(() => nestAdd({})({ ...new Files({})['tree'], read: () => null }, {} as never)).toThrow(
      'There is no package.json',
    );
  });
});
