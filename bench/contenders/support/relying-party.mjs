// For whom the keys of all contenders are made.
export const RELYING_PARTY = { id: 'example.com', name: 'Example', origin: 'https://app.example.com' };
