// The relying party of all contenders' keys.
export const RELYING_PARTY = { id: 'example.com', name: 'Example', origin: 'https://app.example.com' };
