import { bundleCjsPackages } from './cjs-packages.mjs';
import { bundleEsmPackages } from './esm-packages.mjs';

/**
 * Bundles the pages' script, which is served from next to its sources, and packages that Jest can't load as they are,
 * or only slowly.
 */
export default () =>
  Promise.all([import('../../tools/bundle.mjs'), bundleEsmPackages(), bundleCjsPackages()]);
