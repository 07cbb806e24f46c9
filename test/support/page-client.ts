import type { Answer } from './client.js';
import { Client } from './client.js';
import { hiddenFields } from './html.js';

/** A browser without JavaScript: it requests HTML, submits forms, and doesn't follow redirects. */
export class PageClient extends Client {
  static of(client: Client): PageClient {
    const pages = new PageClient(client.url, { ...client.headers, accept: 'text/html,*/*;q=0.8' });
    for (const [name, value] of client.cookies) pages.cookies.set(name, value);
    return pages;
  }

  /** Submits the form of the page at this address, including its hidden fields. */
  async submit(path: string, fields: Record<string, string> = {}, shown?: Answer): Promise<Answer> {
    const page = shown ?? (await this.get(path));
    return this.form(path, { ...hiddenFields(page.text), ...fields });
  }

  /** Submits only these fields. */
  form(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, new URLSearchParams(fields).toString(), {
      'content-type': 'application/x-www-form-urlencoded',
      ...headers,
    });
  }

  /** Where a response redirects. */
  static location({ headers }: Answer): string {
    return headers.get('location') ?? '';
  }
}
