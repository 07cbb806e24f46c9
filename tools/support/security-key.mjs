// A software security key: one ES256 credential, without attestation.
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const sha256 = (data) => createHash('sha256').update(data).digest();

export class SecurityKey {
  id = randomBytes(32);
  pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  signCount = 0;

  /** @param origin of the page that uses it */
  constructor(origin) {
    this.origin = origin;
  }

  /** The result of `navigator.credentials.create()` as JSON. */
  create({ challenge, rp, user }) {
    this.userHandle = user.id;
    const { x, y } = this.pair.publicKey.export({ format: 'jwk' });
    // The COSE key {1: 2, 3: -7, -1: 1, -2: x, -3: y} in CBOR.
    const coordinates = [x, y].map((one) => Buffer.from(one, 'base64url'));
    const key = [hex('a5010203262001215820'), coordinates[0], hex('225820'), coordinates[1]];
    const attested = Buffer.concat([Buffer.alloc(16), hex('0020'), this.id, ...key]);
    const data = this.authenticatorData(rp.id, 0x45, attested);
    // {"fmt": "none", "attStmt": {}, "authData": data} in CBOR; the data has 164 bytes.
    const attestation = [
      hex('a363666d74646e6f6e656761747453746d74a068617574684461746158'),
      Buffer.of(data.length),
    ];
    return this.answer({
      clientDataJSON: this.clientData('webauthn.create', challenge).toString('base64url'),
      attestationObject: Buffer.concat([...attestation, data]).toString('base64url'),
      transports: ['usb'],
    });
  }

  /** The result of `navigator.credentials.get()` as JSON. */
  get({ challenge, rpId }) {
    this.signCount += 1;
    const data = this.authenticatorData(rpId, 0x05);
    const clientData = this.clientData('webauthn.get', challenge);
    const signature = sign('sha256', Buffer.concat([data, sha256(clientData)]), this.pair.privateKey);
    return this.answer({
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: data.toString('base64url'),
      signature: signature.toString('base64url'),
      userHandle: this.userHandle,
    });
  }

  answer(response) {
    const id = this.id.toString('base64url');
    const clientExtensionResults = { credProps: { rk: true } };
    return { id, rawId: id, type: 'public-key', response, clientExtensionResults };
  }

  clientData(type, challenge) {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.origin, crossOrigin: false }));
  }

  authenticatorData(rpId, flags, attested = Buffer.alloc(0)) {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(this.signCount);
    return Buffer.concat([sha256(rpId), Buffer.of(flags), counter, attested]);
  }
}

function hex(text) {
  return Buffer.from(text, 'hex');
}
