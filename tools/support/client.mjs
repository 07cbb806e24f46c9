// A minimal browser: keeps cookies, sends JSON, and proves TOTP codes.
import { generateSync } from 'otplib';

export class Client {
  cookies = new Map();

  constructor(url, headers = {}) {
    this.url = url;
    this.headers = headers;
  }

  async send(method, path, body) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(this.url + path, {
      method,
      headers: {
        'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(cookie === '' ? {} : { cookie }),
        ...this.headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // Following a redirect here would lose the cookies that come with it.
      redirect: 'manual',
    });
    for (const line of response.headers.getSetCookie()) this.keep(line);
    const text = await response.text();
    return {
      status: response.status,
      body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text,
    };
  }

  get = (path) => this.send('GET', path);
  post = (path, body) => this.send('POST', path, body);
  patch = (path, body) => this.send('PATCH', path, body);
  delete = (path) => this.send('DELETE', path);

  keep(line) {
    const [pair, ...attributes] = line.split(';').map((part) => part.trim());
    const name = pair.slice(0, pair.indexOf('='));
    if (attributes.some((one) => one.toLowerCase() === 'max-age=0')) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(name.length + 1));
  }
}

/** The code of a secret at the given time. */
export function codeOf(secret, { time }) {
  return generateSync({ secret, epoch: Math.floor(time / 1000) });
}
