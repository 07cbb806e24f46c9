/** Bundles the script of the pages, which they serve from beside their sources. */
export default () => import('../../tools/bundle.mjs');
