import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';
import { MFA_METRICS } from 'nestjs-mfa/opentelemetry';

const page = readFileSync('docs/monitoring.md', 'utf8');
const dashboard = JSON.parse(readFileSync('docs/monitoring/grafana-dashboard.json', 'utf8')) as {
  schemaVersion: number;
  panels: { id: number; targets: { expr: string }[] }[];
};

/** As Prometheus calls them, with what it adds to counters and histograms; with the unit or without. */
const NAMES = Object.entries(MFA_METRICS).flatMap(([name, { kind }]) => {
  const plain = name.replaceAll('.', '_');
  if (kind === 'histogram') return [`${plain}(_seconds)?_count`, `${plain}(_seconds)?_bucket`];
  return [kind === 'counter' ? `${plain}_total` : plain];
});
const namesIn = (query: string): string[] => query.match(/\bmfa_[a-z_]+(?:\(_seconds\)\?_\w+)?/g) ?? [];
/** Labels, and what stands in quotes, are no metrics. */
const metricsIn = (query: string): string[] => [
  ...[...query.matchAll(/__name__=~"([^"]+)"/g)].map(([, name = '']) => name),
  ...namesIn(query.replaceAll(/\{[^}]*\}|\bby \([^)]*\)/g, '')),
];

describe('the dashboard', () => {
  it('asks for metrics that there are, in each of its panels', () => {
    expect(dashboard.schemaVersion).toBe(39);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const { targets } of dashboard.panels) {
      for (const { expr } of targets) {
        const asked = metricsIn(expr);
        expect(asked).not.toEqual([]);
        for (const name of asked) expect(NAMES).toContain(name);
      }
    }
  });

  it('shows each of them', () => {
    const asked = dashboard.panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => metricsIn(expr)));
    expect([...new Set(asked)].sort()).toEqual([...NAMES].sort());
  });
});

describe('docs/monitoring.md', () => {
  it('has every metric with its kind, unit and meaning', () => {
    const rows = [...page.matchAll(/^\| `(mfa\.[\w.]+)` +\| (\w+) +\| `([^`]+)` +\| (.*?) +\|/gm)].map(
      ([, name = '', kind, unit, description]) => [name, { kind, unit, description }] as const,
    );
    expect(Object.fromEntries(rows)).toEqual(MFA_METRICS);
  });

  it('alerts on metrics that there are', () => {
    const queries = page.split('## Alerts')[1]?.match(/`[^`]*(?:sum|increase)[^`]*`/g) ?? [];
    expect(queries.length).toBeGreaterThan(7);
    for (const query of queries) {
      expect(metricsIn(query)).not.toEqual([]);
      for (const name of metricsIn(query)) expect(NAMES).toContain(name);
    }
  });
});
