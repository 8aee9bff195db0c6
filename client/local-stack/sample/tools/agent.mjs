// A SCRIPTED agent: it plays every role by script, and there is no model in it. What it does is real all the same: it
// edits files, runs tests, resolves conflicts, and leaves the rest (committing, pushing, merging) to gatehouse.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const job = JSON.parse(readFileSync(process.env.GATEHOUSE_JOB, 'utf8'));
const PACE_MS = Number(process.env.SAMPLE_PACE_MS ?? 300);

const read = (file) => readFileSync(file, 'utf8');
const edit = (file, change) => writeFileSync(file, change(existsSync(file) ? read(file) : ''));
const answer = (result) => writeFileSync(process.env.GATEHOUSE_RESULT, JSON.stringify(result));
const git = (...args) => execFileSync('git', args, { encoding: 'utf8' });

/** Says how far it is, at a pace at which people can watch. */
async function stage(done, total, label) {
  console.error(`GATEHOUSE_PROGRESS ${JSON.stringify({ done, total, label })}`);
  console.log(`[scripted ${job.role}] ${label}`);
  await pause(PACE_MS);
}

const TAX = `
/** The tax on a basket, in cents: 19 %, rounded to the cent. */
export const taxOf = (items) => Math.round(netOf(items) * 0.19);

export const totalsOf = (items) => [
  ['Net', netOf(items)],
  ['Tax', taxOf(items)],
  ['Total', netOf(items) + taxOf(items)],
];
`;
// The planted defect, for a person to find in the preview: the total forgets the tax.
const FORGETFUL = TAX.replace("['Total', netOf(items) + taxOf(items)]", "['Total', netOf(items)]");
const TEST = `
test('the tax is 19 % of the sum, to the cent', () => {
  assert.equal(taxOf([{ name: 'Tea', price: 699, count: 1 }]), 133);
});
`;

const isTested = (tests) => tests.includes('taxOf');

const roles = {
  async coder() {
    await stage(0, 2, 'reading the task');
    const shown = read('lib/totals.js').includes('taxOf');
    if (!job.revision) {
      if (shown) return { summary: 'The branch shows the tax already: there is nothing left to do.' };
      edit('lib/totals.js', (text) => text.replace(/\nexport const totalsOf[^]*$/, FORGETFUL));
      await stage(2, 2, 'net, tax and total are shown');
      return { summary: 'Shows net, tax and total. There is no test for the tax yet.' };
    }
    edit('test/totals.test.js', (text) => (isTested(text) ? text : text.replace('{ netOf }', '{ netOf, taxOf }') + TEST));
    await stage(2, 2, 'the review’s remark is acted on');
    return { summary: 'Added a test for the tax, as the review asked.' };
  },

  async reviewer() {
    await stage(0, 1, 'reading the change');
    if (!isTested(read('test/totals.test.js'))) {
      const comments = [{ body: 'There is no test for the tax. Add one.', quotedSource: 'taxOf' }];
      return { summary: 'Works, but is not tested.', output: { rating: 0.6, summary: 'Works, but is not tested.', comments } };
    }
    return { summary: 'Good: small, and tested.', output: { rating: 0.95, summary: 'Good: small, and tested.' } };
  },

  async fixer() {
    await stage(0, 2, 'reading the findings');
    const before = read('lib/totals.js');
    edit('lib/totals.js', (text) => text.replace(/\['(Total|To pay)', netOf\(items\)\]/, "['$1', netOf(items) + taxOf(items)]"));
    if (read('lib/totals.js') === before) {
      return { summary: 'This scripted fixer knows one defect, the total without the tax, and does not find it here.' };
    }
    await stage(1, 2, 'running the tests');
    const { NODE_TEST_CONTEXT, ...env } = process.env; // set, even to nothing, it would have no test run at all
    const { status } = spawnSync('node', ['--test'], { stdio: 'ignore', env });
    return { summary: `The total includes the tax now.${status === 0 ? '' : ' A test is red for another reason: that is for CI.'}` };
  },

  async 'conflict-resolver'() {
    await stage(0, 1, 'resolving what conflicts');
    for (const file of git('diff', '--name-only', '--diff-filter=U').split('\n').filter(Boolean)) {
      // Ours knows the tax; theirs renamed the label of the total. Both are kept.
      edit(file, (text) =>
        text
          .replace(/<{7} [^\n]*\n([^]*?)={7}\n[^]*?>{7} [^\n]*\n/g, '$1')
          .replace("['Total', netOf(items)", "['To pay', netOf(items)"),
      );
    }
    return { summary: 'Kept both: the tax of the change, and the new label of the base.' };
  },

  async 'ci-fixer'() {
    await stage(0, 2, 'reading the failing checks');
    edit('lib/totals.js', (text) => text.replace("['Net',", "['Sum',"));
    await stage(2, 2, 'the labels follow the new rule');
    return { summary: 'The base asks for the label “Sum”; the change uses it now.' };
  },

  async merger() {
    await stage(0, 1, 'assessing the change');
    git('fetch', '--quiet', '--no-tags', '--', job.change.repository, job.change.base);
    const files = git('diff', '--numstat', 'FETCH_HEAD...HEAD').trim().split('\n').map((line) => line.split('\t'));
    const lines = files.reduce((sum, [added, removed]) => sum + Number(added) + Number(removed), 0);
    const share = (of) => Math.min(1, Math.round((lines / of) * 100) / 100);
    const rationale = `${lines} lines in ${files.length} files differ from ${job.change.base}; they are tested, and touch one page.`;
    return { summary: `Assessed: ${rationale}`, output: { complexity: share(100), risk: share(200), impact: share(100), rationale } };
  },
};

const play = roles[job.role];
if (!play) {
  console.error(`The scripted agent does not know the role ${job.role}.`);
  process.exit(1);
}
answer({ ...(await play()), usage: { inputTokens: 0, outputTokens: 0, costCents: 0 } });
