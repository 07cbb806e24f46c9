/** The API's origin, which the bundler puts in. */
declare const API_ORIGIN: string;

export const API = API_ORIGIN;
