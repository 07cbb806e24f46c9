import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';

import type { OnModuleInit } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';

import type { MfaClock } from '../../../core/clock/clock.js';
import { MFA_CLOCK } from '../../../core/clock/clock.js';
import type { Certificate } from '../../../core/crypto/certificates.js';
import { readCertificate } from '../../../core/crypto/certificates.js';
import type { ResolvedMetadataOptions } from '../../../options/metadata-options.js';
import { MfaOptionsError } from '../../../options/options-error.js';
import type { ResolvedMfaOptions } from '../../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../../options/resolved-options.js';
import type { AuthenticatorModel, Rejection } from './authenticator-model.js';
import { FIDO_TRUST } from './mds-roots.js';
import type { BlobTrust } from './metadata-blob.js';
import { MetadataError, verifyBlob } from './metadata-blob.js';
import type { ModelKeys } from './model-catalogue.js';
import { ModelCatalogue } from './model-catalogue.js';
import { within } from '../../../storage/bounded-wait.js';

/** The timeout for the function of the option `blob`, in milliseconds. */
const BLOB_TIMEOUT_MS = 60_000;

const DAY_MS = 86_400_000;

/** What was read, and until when it is valid. */
interface Edition {
  models: ModelCatalogue;
  /** The BLOB's serial number. Statements have none, and never become outdated. */
  no: number | null;
  validUntil: number;
}

/**
 * What is known about models of authenticators: the option `webauthn.metadata`. It is read at boot, which fails if it can't be verified.
 * Later, data that can't be verified is ignored and the previous data stays. The highest serial number is remembered while the process
 * lives, so that an older BLOB, which lacks later revocations, can't replace a newer one.
 */
@Injectable()
export class ModelMetadata implements OnModuleInit {
  private readonly logger = new Logger('MfaMetadata');
  private readonly options: ResolvedMetadataOptions | null;
  private readonly trust: BlobTrust;
  private edition: Edition = { models: new ModelCatalogue(), no: null, validUntil: Infinity };
  /** The digest of the text that was read last. */
  private digest: string | null = null;
  private fileStamp: string | null = null;
  private readAt = 0;
  private warnedAt = -Infinity;
  private reading: Promise<void> | null = null;

  constructor(
    @Inject(MFA_OPTIONS) { webauthn }: ResolvedMfaOptions,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {
    this.options = webauthn?.metadata ?? null;
    this.trust = trustOf(this.options?.rootCertificates ?? []);
  }

  /** @throws {MfaOptionsError} if the metadata can't be read or verified */
  async onModuleInit(): Promise<void> {
    if (!this.options) return;
    const { statements, file, strict } = this.options;
    if (statements) return this.readStatements(statements);
    const name = file === undefined ? 'blob' : 'file';
    try {
      await this.read();
    } catch (error) {
      throw new MfaOptionsError([
        `\`webauthn.metadata.${name}\` can't be used: ${reasonOf(error)}. Use the BLOB of https://mds3.fidoalliance.org exactly as published, or set \`webauthn.metadata.rootCertificates\` for a BLOB from another publisher`,
      ]);
    }
    if (strict && this.isOutdated) {
      throw new MfaOptionsError([
        `\`webauthn.metadata.${name}\` is out of date (\`nextUpdate\`): use the newest BLOB, or leave \`webauthn.metadata.strict\` out`,
      ]);
    }
    this.warnWhenOutdated();
  }

  /** Whether the option is set. */
  get isOn(): boolean {
    return this.options !== null;
  }

  /** Whether it no longer attests anything: with `strict`, once its `nextUpdate` has passed. */
  get isSilent(): boolean {
    return this.options?.strict === true && this.isOutdated;
  }

  private get isOutdated(): boolean {
    return this.clock.now() >= this.edition.validUntil;
  }

  find(keys: ModelKeys): AuthenticatorModel | null {
    return this.edition.models.find(keys);
  }

  /** Why authenticators of this model, attested by these keys, are rejected now; null if they aren't. */
  rejectionOf(keys: ModelKeys, model = this.find(keys)): Rejection | null {
    if (!this.options) return null;
    const { rejectStatuses } = this.options;
    const { attestationKeys } = keys;
    // Whoever has the attestation key of a U2F model can sign any AAGUID.
    const models = new Set([
      ...(model ? [model] : []),
      ...this.edition.models.attestedBy(attestationKeys ?? []),
    ]);
    for (const one of models) {
      const rejection = one.rejection(rejectStatuses, attestationKeys, this.clock.now());
      if (rejection) return rejection;
    }
    return null;
  }

  /** Whether this key attests authenticators without an AAGUID (U2F), and therefore can't vouch for one. */
  isOfU2f(attestationKey: string | undefined): boolean {
    return attestationKey !== undefined && this.edition.models.attestedBy([attestationKey]).length > 0;
  }

  /** Whether the model is certified as `minimumLevel` requires; an unknown model is not. */
  isCertified(model: AuthenticatorModel | null): boolean {
    const { minimumLevel } = this.options ?? {};
    return !minimumLevel || (model?.isCertified(minimumLevel, this.clock.now()) ?? false);
  }

  /** The models whose keys, or some of them, may be rejected now. */
  rejectedModels(): ReturnType<ModelCatalogue['rejected']> {
    const { rejectStatuses = [] } = this.options ?? {};
    const now = this.clock.now();
    return this.edition.models.rejected((model) => model.rejection(rejectStatuses, null, now));
  }

  /** Reads the file again if it has changed. If it can't be verified, an error is logged and the previous data stays. */
  async refreshFile(): Promise<void> {
    const { file } = this.options ?? {};
    if (file === undefined || (await stampOf(file)) === this.fileStamp) return;
    await this.readAgain();
  }

  /**
   * Checks for newer data: reads a changed file again; once a day, also an unchanged one, or calls the function.
   *
   * @param isDue whether to read the file, or call the function, in any case
   */
  async refresh(isDue = this.clock.now() - this.readAt >= DAY_MS): Promise<void> {
    const { file, blob } = this.options ?? {};
    const isChanging = file !== undefined || typeof blob === 'function';
    if (isChanging && isDue) await this.readAgain();
    else await this.refreshFile();
    this.warnWhenOutdated();
  }

  private async readAgain(): Promise<void> {
    this.reading ??= this.read()
      .catch((error: unknown) => {
        this.logger.error(
          `New metadata was rejected, and the current metadata stays in use: ${reasonOf(error)}`,
        );
      })
      .finally(() => (this.reading = null));
    await this.reading;
  }

  /** @throws if it can't be read or verified, or is older than the known data */
  private async read(): Promise<void> {
    const text = await this.readSource();
    const digest = createHash('sha256').update(text).digest('hex');
    const now = this.clock.now();
    if (digest !== this.digest) {
      const { no, validUntil, entries } = verifyBlob(text, this.trust, now);
      if (this.edition.no !== null && no < this.edition.no) {
        throw new MetadataError(`its number (\`no\`) is ${no}, but ${this.edition.no} was seen before`);
      }
      const models = new ModelCatalogue();
      for (const entry of entries) models.add(entry);
      this.edition = { models, no, validUntil };
      this.digest = digest;
    }
    this.readAt = now;
  }

  private async readSource(): Promise<string> {
    const { file, blob } = this.options ?? {};
    if (file !== undefined) {
      // Get the stamp first: a file that changes while it is read is read again.
      this.fileStamp = await stampOf(file);
      return readFile(file, 'utf8');
    }
    const text: unknown =
      typeof blob === 'function' ? await within(BLOB_TIMEOUT_MS, Promise.resolve(blob())) : blob;
    if (typeof text !== 'string') throw new MetadataError('the function did not return a string');
    return text;
  }

  private readStatements(statements: readonly unknown[]): void {
    const models = new ModelCatalogue();
    const wrong = statements.flatMap((one, index) => (models.add(one) ? [] : [index]));
    if (wrong.length > 0) {
      throw new MfaOptionsError(
        wrong.map(
          (index) =>
            `\`webauthn.metadata.statements[${index}]\` must be a metadata statement (with \`aaguid\` or \`attestationCertificateKeyIdentifiers\`, \`description\` and \`attestationRootCertificates\`), or an entry with one and \`statusReports\``,
        ),
      );
    }
    this.edition = { models, no: null, validUntil: Infinity };
  }

  private warnWhenOutdated(): void {
    const now = this.clock.now();
    if (!this.isOutdated || now - this.warnedAt < DAY_MS) return;
    this.warnedAt = now;
    const effect = this.isSilent ? 'no longer attests anything' : 'is used nevertheless';
    this.logger.warn(
      `The metadata is out of date (\`nextUpdate\`) and ${effect}: models that were revoked since then are not known. Use the newest BLOB`,
    );
  }
}

/** The options were checked to be certificates. */
function trustOf(rootCertificates: ResolvedMetadataOptions['rootCertificates']): BlobTrust {
  const roots = rootCertificates.map((one) => readCertificate(one) as Certificate);
  return roots.length > 0 ? { roots } : FIDO_TRUST;
}

async function stampOf(file: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    // Reading the file reports the error.
    return '';
  }
}

function reasonOf(error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : String(error);
}
