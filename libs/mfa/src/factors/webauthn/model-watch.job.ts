import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';

import { RepeatedJob } from '../../engine/jobs/repeated-job.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { MFA_OPTIONS } from '../../options/resolved-options.js';
import { ModelMetadata } from './metadata/model-metadata.js';
import { RevokedModels } from './revoked-models.js';

/** Checks for newer metadata and reports keys of revoked models. All instances do this; each key is reported once. */
@Injectable()
export class ModelWatchJob extends RepeatedJob {
  protected readonly failure = 'Keys of revoked models could not be reported';

  constructor(
    @Inject(ModelMetadata) private readonly models: ModelMetadata,
    @Inject(RevokedModels) private readonly revoked: RevokedModels,
    @Inject(ModuleRef) modules: ModuleRef,
    @Inject(MFA_OPTIONS) { webauthn }: ResolvedMfaOptions,
  ) {
    super('nestjs-mfa:revoked-models', webauthn?.metadata?.everySeconds ?? 0, modules);
  }

  protected async work(): Promise<void> {
    await this.models.refresh();
    await this.revoked.report();
  }
}
