import escape from 'escape-html';

const COLOURS = [
  '#2563eb',
  '#d97706',
  '#059669',
  '#dc2626',
  '#7c3aed',
  '#0891b2',
  '#be185d',
  '#4d7c0f',
  '#475569',
  '#b45309',
];
const [WIDTH, HEIGHT, LEFT, BOTTOM] = [44, 34, 50, 18];

const short = (value, unit) => {
  if (unit === 's') return value < 1 ? `${+(value * 1000).toPrecision(2)} ms` : `${+value.toPrecision(2)} s`;
  if (unit === 'percentunit') return `${Math.round(value * 100)} %`;
  return String(+value.toPrecision(3));
};

/** Fills in `{{label}}` in a legend, as Grafana does. */
const legendOf = (format, metric) =>
  format.replaceAll(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? '').trim() || 'all';

function chart({ gridPos, fieldConfig }, series, [start, end]) {
  const unit = fieldConfig.defaults.unit;
  const [width, height] = [gridPos.w * WIDTH - 20, gridPos.h * HEIGHT - 70];
  const values = series.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite);
  const top = Math.max(...values) > 0 ? Math.max(...values) * 1.1 : 1;
  const x = (at) => LEFT + ((at - start) / (end - start)) * (width - LEFT);
  const y = (value) => height - BOTTOM - (value / top) * (height - BOTTOM - 6);
  const grid = [0, 0.5, 1].map(
    (part) =>
      `<line x1="${LEFT}" x2="${width}" y1="${y(top * part)}" y2="${y(top * part)}" stroke="#e2e8f0"/><text x="${LEFT - 5}" y="${y(top * part) + 4}" text-anchor="end">${short(top * part, unit)}</text>`,
  );
  const lines = series.map(({ points }, index) => {
    const shown = points
      .filter(([, value]) => Number.isFinite(value))
      .map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`);
    return `<polyline fill="none" stroke="${COLOURS[index % COLOURS.length]}" stroke-width="1.5" points="${shown.join(' ')}"/>`;
  });
  const legend = series.map(
    ({ name }, index) =>
      `<span><i style="background:${COLOURS[index % COLOURS.length]}"></i>${escape(name)}</span>`,
  );
  return `<svg width="${width}" height="${height}">${grid.join('')}${lines.join('')}</svg><p>${legend.join(' ')}</p>`;
}

const stat = (_, series) =>
  series
    .map(
      ({ name, points }) => `<div class="stat"><b>${Math.round(points.at(-1)[1])}</b> ${escape(name)}</div>`,
    )
    .join('') || '<div class="stat"><b>0</b></div>';

/** The dashboard as a page: the panels in their places, with the data from Prometheus. It doesn't use Grafana. */
export function dashboardPage(dashboard, results, time) {
  const panels = dashboard.panels.map((panel) => {
    const { x, y, w, h } = panel.gridPos;
    const series = results.get(panel.id).flatMap(({ legendFormat, result }) =>
      result.map(({ metric, values }) => ({
        name: legendOf(legendFormat, metric),
        points: values.map(([at, value]) => [at, Number(value)]),
      })),
    );
    const inside = panel.type === 'stat' ? stat(panel, series) : chart(panel, series, time);
    const style = `left:${x * WIDTH}px;top:${y * HEIGHT}px;width:${w * WIDTH - 8}px;height:${h * HEIGHT - 8}px`;
    return `<section style="${style}"><h2>${escape(panel.title)}</h2>${inside}</section>`;
  });
  const bottom = Math.max(...dashboard.panels.map(({ gridPos: { y, h } }) => y + h)) * HEIGHT;
  return `<!doctype html><meta charset="utf-8"><style>
    body{margin:12px;font:12px system-ui,sans-serif;color:#0f172a;background:#f1f5f9} main{position:relative;width:${24 * WIDTH}px;height:${bottom}px}
    section{position:absolute;box-sizing:border-box;background:#fff;border:1px solid #cbd5e1;border-radius:4px;padding:6px 8px;overflow:hidden} h2{margin:0 0 4px;font-size:13px}
    p{margin:2px 0;line-height:1.5} i{display:inline-block;width:10px;height:3px;margin:0 4px 3px 6px} text{font-size:10px;fill:#475569} .stat{margin-top:14px;font-size:13px} .stat b{font-size:26px}
  </style><main>${panels.join('')}</main>`;
}

/** The spans as a waterfall chart, in SVG. */
export function waterfall(spans) {
  const msOf = ([seconds, nanos]) => seconds * 1000 + nanos / 1e6;
  const children = new Map();
  for (const span of spans) {
    const parent = span.parentSpanContext?.spanId;
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const rows = [];
  const visit = (span, depth) => {
    rows.push({ span, depth });
    const own = children.get(span.spanContext().spanId) ?? [];
    for (const child of own.sort((a, b) => msOf(a.startTime) - msOf(b.startTime))) visit(child, depth + 1);
  };
  for (const root of (children.get(undefined) ?? []).sort((a, b) => msOf(a.startTime) - msOf(b.startTime)))
    visit(root, 0);
  const start = Math.min(...spans.map(({ startTime }) => msOf(startTime)));
  const end = Math.max(...spans.map(({ endTime }) => msOf(endTime)));
  const [width, names, step] = [960, 330, 24];
  const x = (at) => names + ((at - start) / (end - start)) * (width - names - 60);
  const lines = rows.map(({ span, depth }, index) => {
    const [from, to, y] = [msOf(span.startTime), msOf(span.endTime), 10 + index * step];
    const { 'mfa.outcome': outcome, 'mfa.factor.type': type } = span.attributes;
    const said = [type, outcome].filter(Boolean).join(', ');
    return `<text x="${8 + depth * 16}" y="${y + 13}">${escape(span.name)}${said ? ` <tspan fill="#64748b">${escape(said)}</tspan>` : ''}</text><rect x="${x(from).toFixed(1)}" y="${y + 2}" width="${Math.max(2, x(to) - x(from)).toFixed(1)}" height="14" rx="2" fill="${depth === 0 ? '#94a3b8' : '#2563eb'}"/><text x="${(x(to) + 5).toFixed(1)}" y="${y + 13}" fill="#64748b">${(to - from).toFixed(1)} ms</text>`;
  });
  const height = 20 + rows.length * step;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>${lines.join('')}</svg>\n`;
}
