import type { FactorParts } from '../../engine/factors/factor-parts.js';
import { operationOf } from '../../engine/factors/operation.js';
import { sealsOf } from '../../engine/keys/secret-table.js';
import { WEBAUTHN_TRAITS } from './traits/webauthn.traits.js';
import { AssertionCeremony } from './assertion-ceremony.js';
import { AssertionVerifier } from './assertion-verifier.js';
import { AttestationPolicy } from './attestation-policy.js';
import { AuthenticateWebAuthnController } from './authenticate-webauthn.controller.js';
import { AutomaticUpgrade } from './automatic-upgrade.js';
import { ChallengeStore } from './challenge-store.js';
import { Challenges } from './challenges.js';
import { isGenuineCredential, sealCredential } from './credential-seal.js';
import { CredentialStore } from './credential-store.js';
import { FailedCeremonies } from './failed-ceremonies.js';
import { KeySignals } from './key-signals.js';
import { KeySuspicions } from './key-suspicions.js';
import { ModelMetadata } from './metadata/model-metadata.js';
import { ModelWatchJob } from './model-watch.job.js';
import { ObjectExchange } from './object-exchange.js';
import { PasskeyController } from './passkey.controller.js';
import { PasskeyFlow } from './passkey.flow.js';
import { RegistrationCeremony } from './registration-ceremony.js';
import { MAX_KEYS, RegistrationFlow } from './registration.flow.js';
import { RelyingParty } from './relying-party.js';
import { RequestOptions } from './request-options.js';
import { RevokedModels } from './revoked-models.js';
import { SignUpController } from './sign-up.controller.js';
import { SignUpUsers } from './sign-up-users.js';
import { SignUpFlow } from './sign-up.flow.js';
import { WebAuthnChallenge } from './webauthn-challenge.entity.js';
import { WebAuthnCredential } from './webauthn-credential.entity.js';
import { WebAuthnDetails } from './webauthn-details.js';
import { WebAuthnController } from './webauthn.controller.js';
import { WebAuthnFlow } from './webauthn.flow.js';
import { WebAuthnService } from './webauthn.service.js';

/** How long a used challenge is kept after it has expired: until the clock of no instance considers it valid. */
const CHALLENGE_KEPT_MS = 3_600_000;

/** Security keys and passkeys (WebAuthn Level 3). */
export const WEBAUTHN: FactorParts = {
  type: WEBAUTHN_TRAITS.type,
  services: [WebAuthnService],
  internals: [
    AssertionCeremony,
    AssertionVerifier,
    AttestationPolicy,
    AutomaticUpgrade,
    FailedCeremonies,
    KeySuspicions,
    ModelMetadata,
    ModelWatchJob,
    RevokedModels,
    ChallengeStore,
    Challenges,
    CredentialStore,
    KeySignals,
    ObjectExchange,
    PasskeyFlow,
    RegistrationCeremony,
    RegistrationFlow,
    RelyingParty,
    RequestOptions,
    SignUpFlow,
    SignUpUsers,
    WebAuthnDetails,
    WebAuthnFlow,
  ],
  controllers: [
    ['/webauthn', WebAuthnController],
    ['/authenticate/webauthn', AuthenticateWebAuthnController],
    ['/passkey', PasskeyController],
    ['/sign-up', SignUpController],
  ],
  tables: [
    {
      entity: WebAuthnCredential,
      userId: 'userId',
      // A foreign key deletes the row with it.
      authenticatorId: 'authenticatorId',
      isClaimed: true,
      secrets: {
        entity: WebAuthnCredential,
        id: 'authenticatorId',
        userId: 'userId',
        authenticatorId: 'authenticatorId',
        encrypted: [],
        seals: sealsOf(sealCredential, isGenuineCredential),
        isMissed: true,
      },
    },
    {
      entity: WebAuthnChallenge,
      expiresAt: 'expiresAt',
      purgedAs: 'challenges',
      // Other rows are safe to delete, but without its row a used challenge would be valid again.
      keptMs: CHALLENGE_KEPT_MS,
    },
  ],
  countedAs: 'securityKeys',
  maxPerUser: () => MAX_KEYS,
  details: WebAuthnDetails,
  operations: [
    operationOf('setup.begin', RegistrationFlow, 'options'),
    operationOf('setup.finish', RegistrationFlow, 'register'),
    operationOf('setup.begin', SignUpFlow, 'begin'),
    operationOf('setup.finish', SignUpFlow, 'finish'),
    operationOf('challenge', WebAuthnFlow, 'options'),
    operationOf('proof', WebAuthnFlow, 'authenticate'),
    operationOf('challenge', WebAuthnService, 'getPasskeyRequestOptions'),
    operationOf('proof', PasskeyFlow, 'signIn'),
  ],
};
