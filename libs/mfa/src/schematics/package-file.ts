/** The fields of `package.json` that are read and written. */
interface PackageFile {
  name?: string;
  type?: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** An application's `package.json`. */
export class ApplicationPackage {
  private readonly file: PackageFile;

  /** @param text the file's content */
  constructor(private readonly text: string) {
    this.file = JSON.parse(text) as PackageFile;
  }

  get name(): string {
    return this.file.name?.replace(/^@[^/]*\//, '') || 'application';
  }

  get isModule(): boolean {
    return this.file.type === 'module';
  }

  has(name: string): boolean {
    return Boolean(this.file.dependencies?.[name] ?? this.file.devDependencies?.[name]);
  }

  /** The major version of NestJS it depends on; null if unknown. */
  get nest(): number | null {
    const [major] = /\d+/.exec(this.file.dependencies?.['@nestjs/core'] ?? '') ?? [];
    return major === undefined ? null : Number(major);
  }

  /** The content with additional dependencies, sorted. */
  withDependencies(added: Record<string, string>): string {
    const entries = Object.entries(added).filter(([name]) => !this.has(name));
    if (entries.length === 0) return this.text;
    const all = Object.entries({ ...this.file.dependencies, ...Object.fromEntries(entries) });
    const dependencies = Object.fromEntries(all.sort(([one], [other]) => (one < other ? -1 : 1)));
    const [, indentation = '  '] = /\n([ \t]+)"/.exec(this.text) ?? [];
    return `${JSON.stringify({ ...this.file, dependencies }, null, indentation)}\n`;
  }
}
