import { bundleCjsPackages } from './cjs-packages.mjs';
import { bundleEsmPackages } from './esm-packages.mjs';

/** Bundles the script of the pages, which they serve from beside their sources, and packages that Jest can't load as they are, or not fast. */
export default () =>
  Promise.all([import('../../tools/bundle.mjs'), bundleEsmPackages(), bundleCjsPackages()]);
