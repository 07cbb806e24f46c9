import { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { drawPng, svgDataUrl } from '../../core/otpauth/qr-code.js';

/** Draws the QR code of an `otpauth://` URI as a `data:` URL: a PNG image, or the SVG of an adapter that draws its own. */
export async function drawQrCode(adapter: DefaultMfaAdapter, url: string, svg?: string): Promise<string> {
  if (adapter.buildTotpSvg === DefaultMfaAdapter.prototype.buildTotpSvg) return drawPng(url);
  return svgDataUrl(svg ?? (await adapter.buildTotpSvg(url)));
}
