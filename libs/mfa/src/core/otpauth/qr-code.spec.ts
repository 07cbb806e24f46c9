import { describe, expect, it } from '@jest/globals';
import { create } from 'qrcode';

import { drawPng, drawSvg, svgDataUrl, widthOnScreen } from './qr-code.js';

/** Modules per side, including the margin of four on each. */
const sideOf = (svg: string): number => Number(/viewBox="0 0 (\d+)/.exec(svg)?.[1]);

describe('a QR code', () => {
  it.each([
    ['otpauth://totp/A:b?secret=JBSWY3DPEHPK3PXP', 'M'],
    // The last length that has 65 modules with the better correction, the first that has more, and one that only fits the
    // lesser one.
    ['a'.repeat(287), 'M'],
    ['a'.repeat(288), 'L'],
    ['a'.repeat(2800), 'L'],
  ] as const)('corrects as much as a camera can hold: %s with %s', async (text, level) => {
    const { modules } = create(text, { errorCorrectionLevel: level });
    expect(sideOf(await drawSvg(text))).toBe(modules.size + 8);
    expect(await drawPng(text)).toMatch(/^data:image\/png;base64,iVBOR/);
  });

  it('is a picture of its markup', () => {
    expect(svgDataUrl('<svg/>')).toBe('data:image/svg+xml;base64,PHN2Zy8+');
  });

  it.each([
    // A whole number of pixels per module, at least four.
    [29, 203],
    [45, 180],
    [57, 228],
    [185, 740],
    [1, 224],
    // Not modules, but pixels or something else.
    [186, 224],
    [300, 300],
    [5000, 740],
  ])('of %i units is %i points wide', (units, width) => {
    expect(widthOnScreen(`<svg viewBox="0 0 ${units} ${units}"/>`)).toBe(width);
    expect(widthOnScreen(`<svg viewBox='0 0 ${units} ${units}'/>`)).toBe(width);
  });

  it('of an unknown size is as wide as a small one', () => {
    expect(widthOnScreen('<svg/>')).toBe(224);
  });
});
