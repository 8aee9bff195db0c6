// Roles that run the shop and report the result.
import { git, job, missingTax, node, stage, told, totals } from './shared.mjs';

/** Runs the tests with `node --test`, and returns their results by name. */
function runTests() {
  const { stdout, status } = node('--test', '--test-reporter=tap');
  const outcomes = [...stdout.matchAll(/^(not )?ok \d+ - (.*?)( # .*)?$/gm)].map(([, not, name, note = '']) => ({
    name,
    status: not ? 'failed' : /SKIP|TODO/.test(note) ? 'skipped' : 'passed',
  }));
  if (status !== 0 && outcomes.every((outcome) => outcome.status !== 'failed')) {
    outcomes.push({ name: 'node --test', status: 'failed', detail: `It ended with ${status}.` });
  }
  return outcomes;
}

/** The totals on the page of the environment or, if there is none, as calculated by this checkout. */
async function rowsSeen() {
  if (!job.environment) return totals();
  const page = await (await fetch(job.environment.url)).text();
  const rows = page.matchAll(/<td>([^<]+)<\/td><td><\/td><td>EUR ([0-9.]+)<\/td>/g);
  return [...rows].map(([, label, amount]) => [label, Math.round(Number(amount) * 100)]);
}

export const checking = {
  async tester() {
    await stage(0, 2, 'running the tests');
    const outcomes = runTests();
    await stage(1, 2, 'adding up what the page shows');
    const rows = await rowsSeen();
    const wrong = missingTax(rows);
    const name = 'the total includes the tax';
    outcomes.push({ name, status: wrong ? 'failed' : rows.length === 3 ? 'passed' : 'skipped', detail: told(rows) });
    const failed = outcomes.filter(({ status }) => status === 'failed');
    const summary =
      failed.length === 0
        ? `${outcomes.length} things tried; none failed.`
        : `${failed.length} of ${outcomes.length} failed.`;
    const output = {
      greenlight: failed.length === 0,
      summary,
      tested: ['node --test', 'the totals of the page'],
      outcomes,
      concerns: wrong ? [{ title: 'The total lacks the tax', detail: wrong, severity: 'high' }] : [],
      environment: job.environment ? 'ephemeral' : 'local',
    };
    return { summary, output };
  },

  async 'on-call'() {
    await stage(0, 1, 'looking at what was released');
    const last = git('log', '-1', '--format=%h %s').trim();
    const wrong = missingTax(totals());
    const alerts = [...job.brief.matchAll(/^- (.+): alert\b.*$/gm)].map(([line]) => line.slice(2));
    const rationale = wrong ?? `The shop adds up as it should at ${last}: look elsewhere first.`;
    const evidence = [`released: ${last}`, `shown: ${told(totals())}`, ...alerts];
    const output = {
      culpritConfidence: wrong ? 0.9 : 0.2,
      recommendation: wrong ? 'revert' : 'hold',
      rationale,
      evidence,
    };
    return { summary: rationale, output };
  },
};
