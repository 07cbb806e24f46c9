// A minimal browser over one keep-alive connection: it measures the server, not the network.
import { Agent, request } from 'node:http';

function keepCookies(jar, lines = []) {
  for (const line of lines) {
    const [pair, ...attributes] = line.split(';').map((part) => part.trim());
    const name = pair.slice(0, pair.indexOf('='));
    if (attributes.some((one) => one.toLowerCase() === 'max-age=0')) jar.delete(name);
    else jar.set(name, pair.slice(name.length + 1));
  }
}

export const cookieOf = ({ cookies }) => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');

export class Http {
  agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(url) {
    const { hostname, port, origin } = new URL(url);
    this.address = { hostname, port, agent: this.agent };
    this.origin = origin;
  }

  /** Sends a request like that user's browser, and keeps the returned cookies. */
  send = (user, method, path, body) =>
    new Promise((resolve, reject) => {
      const data = body === undefined ? undefined : JSON.stringify(body);
      const headers = {
        origin: this.origin,
        'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0',
        ...(user.cookies.size > 0 ? { cookie: cookieOf(user) } : {}),
        ...(data ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(data) } : {}),
      };
      const sent = request({ ...this.address, method, path, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => (text += chunk));
        response.on('end', () => {
          keepCookies(user.cookies, response.headers['set-cookie']);
          const isJson = response.headers['content-type']?.includes('json') ?? false;
          const { statusCode: status, headers: received } = response;
          resolve({ status, headers: received, body: isJson ? JSON.parse(text) : text });
        });
      });
      sent.on('error', reject);
      sent.end(data);
    });

  close() {
    this.agent.destroy();
  }
}
