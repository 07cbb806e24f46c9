// The public API of `nestjs-mfa/import`: reads the exports of other systems and imports them.
export { csvRows } from './csv-rows.js';
export type { MfaImportProblem, MfaImportSkip } from './import-problem.js';
export type {
  MfaImportRecord,
  MfaImportRow,
  MfaImportRows,
  ImportedRecoveryCode,
  ImportedTotp,
  MfaRejectedRow,
} from './import-record.js';
export type { MfaImportProgress, MfaImportReport } from './import-report.js';
export { MfaImportError } from './import-report.js';
export type { MfaImportText, MfaSourceRow, MfaSourceRows } from './import-text.js';
export { jsonLineRows } from './json-line-rows.js';
export type { LaravelCipher } from './laravel-crypt.js';
export type { MfaImportOptions } from './mfa-import.service.js';
export { MfaImportService } from './mfa-import.service.js';
export type { BetterAuthOptions } from './read-better-auth.js';
export { readBetterAuth } from './read-better-auth.js';
export type { ByHandOptions } from './read-by-hand.js';
export { readByHand } from './read-by-hand.js';
export type { DjangoAllauthOptions } from './read-django-allauth.js';
export { readDjangoAllauth } from './read-django-allauth.js';
export type { LaravelFortifyOptions } from './read-laravel-fortify.js';
export { readLaravelFortify } from './read-laravel-fortify.js';
export { readCsv, readJsonLines } from './read-plain.js';
export type { SecretEncoding } from './secret-encoding.js';
