const { relative, resolve } = require('node:path');

const ROOT = resolve(__dirname, '../..');

/**
 * What doesn't depend on the database engine: texts, pages, transports, parsing, the guard's own rules, applications that
 * bring a database of their own, and what goes to all engines by itself.
 */
const ENGINE_FREE = [
  /^apps\//,
  /^libs\/(?!mfa\/src\/storage\/(causal-reads|prepared-statements|remove-in-batches))/,
  /^test\/(browser|client|core|cli|demo|docs|fit|fuzz|http|i18n|module|openapi|pages|testing|transports|views)\//,
  /^test\/[^/]+$/,
  /^test\/adapter\/site-name/,
  /^test\/attacks\/(attacks|command|examples|runner|vulnerable)/,
  /^test\/claims\/resource-server/,
  /^test\/engine\/(notifications|sessions\/transport|typed-codes)/,
  /^test\/factors\/webauthn\/(well-known|webauthn-(attestation|clients|keys))/,
  /^test\/guard\/(guard-rules|principals)/,
  /^test\/options\/profile/,
  /^test\/schema\/(migrations|old-database)/,
  /^test\/storage\/servers/,
];

/** What reaches the engine through statements that the other files run as well. */
const FLOWS = /^test\/(adapter|attacks|claims|factors|guard|import|opentelemetry|options|sign-in|terminus)\//;

/**
 * The test files that run on a database server, for `jest --filter`: everything that depends on the engine. In `.ci/run`,
 * which sets `MFA_TEST_TURN`, each commit runs one half of the flows on PostgreSQL and the other on MariaDB, and the next
 * commit the other way round.
 *
 * @param {string[]} paths all test files
 * @returns {{ filtered: string[] }}
 */
module.exports = function serverTests(paths) {
  const { MFA_TEST_DATABASE, MFA_TEST_TURN } = process.env;
  const turn = Number(MFA_TEST_TURN) + (MFA_TEST_DATABASE === 'postgres' ? 0 : 1);
  const files = paths.map((path) => ({ path, file: relative(ROOT, path) }));
  const onServers = files.filter(({ file }) => !ENGINE_FREE.some((one) => one.test(file)));
  const flows = onServers.map(({ file }) => file).filter((file) => FLOWS.test(file));
  const isDue = (file) => MFA_TEST_TURN === undefined || (flows.toSorted().indexOf(file) + turn) % 2 === 0;
  return {
    filtered: onServers.filter(({ file }) => !FLOWS.test(file) || isDue(file)).map(({ path }) => path),
  };
};
