// Checks the commit messages since another commit against CONTRIBUTING.md: `node tools/commit-messages.mjs main`.
import { execFileSync } from 'node:child_process';

const LONGEST_SUBJECT = 120;
const [base = 'main'] = process.argv.slice(2);
const log = execFileSync('git', ['log', '--no-merges', '--format=%h%x00%B%x01', `${base}..HEAD`], {
  encoding: 'utf8',
});

const problemsOf = (message) => {
  const [subject, second = ''] = message.split('\n');
  return [
    !/^[A-Z@`"]/.test(subject) && 'the subject begins with a lower-case letter',
    /[.!]$/.test(subject) && 'the subject ends with a full stop',
    subject.length > LONGEST_SUBJECT && `the subject is longer than ${LONGEST_SUBJECT} characters`,
    /^(?:Added|Adds|Fixed|Fixes|Changed|Changes|Removed|Removes|Updated|Updates|WIP)\b/.test(subject) &&
      'the subject is not imperative: "Add", not "Added"',
    second !== '' && 'there is no blank line below the subject',
  ].filter(Boolean);
};

const commits = log
  .split('\x01')
  .map((one) => one.trim().split('\0'))
  .filter(([hash]) => hash);
let wrong = 0;
for (const [hash, message] of commits)
  for (const problem of problemsOf(message)) {
    wrong += 1;
    process.stdout.write(`${hash}: ${problem}\n`);
  }
process.stdout.write(`${commits.length} commits, ${wrong} problems\n`);
process.exitCode = wrong === 0 ? 0 : 1;
