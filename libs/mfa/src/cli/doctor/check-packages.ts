import type { Finding } from './finding.js';
import { fine, problem } from './finding.js';
import type { InstalledPackage } from './installed-package.js';
import { findPackage } from './installed-package.js';
import { isInRange } from './version-range.js';

const SELF = 'nestjs-mfa';

/** The application and the module must share one copy of these: classes and tokens are compared by identity. */
const SHARED = ['@nestjs/common', '@nestjs/core', '@nestjs/typeorm', 'typeorm'];

/** The module must find these, in its own dependencies or the application's. */
const NEEDED = ['class-validator', 'class-transformer', 'reflect-metadata'];

/**
 * Checks versions, duplicates and missing packages, without running any of the application.
 *
 * @param folder the application's folder
 */
export function checkPackages(folder: string, node = process.versions.node): Finding[] {
  const self = findPackage(SELF, folder);
  if (!self) return [problem(`${SELF} is not installed in ${folder}`, `npm install ${SELF}`)];
  return [
    checkNode(self, node),
    ...SHARED.map((name) => checkShared(name, folder, self)),
    ...NEEDED.filter((name) => !findPackage(name, self.folder)).map((name) =>
      problem(`${name} is not installed where ${SELF} can find it`, `npm install ${name}`),
    ),
  ];
}

function checkNode({ json }: InstalledPackage, version: string): Finding {
  const range = json.engines?.node ?? '>=0.0.0';
  return isInRange(version, range)
    ? fine(`Node.js ${version}`)
    : problem(`Node.js ${version} is not supported`, `Use a version in the range ${range}`);
}

function checkShared(name: string, folder: string, self: InstalledPackage): Finding {
  const ours = findPackage(name, self.folder);
  const theirs = findPackage(name, folder);
  if (!theirs) return problem(`The application has no ${name} of its own`, `npm install ${name}`);
  const { version } = theirs.json;
  if (ours && ours.folder !== theirs.folder) {
    return problem(
      `There are two copies of ${name}: ${version} in ${theirs.folder}, and ${ours.json.version} in ${ours.folder}`,
      `Install ${SELF} from a registry or a tarball, not from a folder, in a version that supports the application's ${name}; \`npm ls ${name}\` shows where each copy comes from, and \`npm dedupe\` may be enough`,
    );
  }
  const range = self.json.peerDependencies?.[name] ?? '>=0.0.0';
  return isInRange(version, range)
    ? fine(`${name} ${version}, one copy`)
    : problem(`${name} ${version} is not supported`, `Install a version in the range ${range}`);
}
