// The roles of `human-review`: they make a change, fix it, resolve its conflicts, and assess it before the merge.
import { edit, git, job, node, read, stage } from './shared.mjs';

const TAX = `
/** The tax on a basket, in cents: 19 %, rounded to the cent. */
export const taxOf = (items) => Math.round(netOf(items) * 0.19);

export const totalsOf = (items) => [
  ['Net', netOf(items)],
  ['Tax', taxOf(items)],
  ['Total', netOf(items) + taxOf(items)],
];
`;
// The planted defect, which a person or a tester should find: the total does not include the tax.
const FORGETFUL = TAX.replace("['Total', netOf(items) + taxOf(items)]", "['Total', netOf(items)]");
const TEST = `
test('the tax is 19 % of the sum, to the cent', () => {
  assert.equal(taxOf([{ name: 'Tea', price: 699, count: 1 }]), 133);
});
`;

const isShown = () => read('lib/totals.js').includes('taxOf');
const isTested = (tests) => tests.includes('taxOf');
const showTax = () => edit('lib/totals.js', (text) => text.replace(/\nexport const totalsOf[^]*$/, FORGETFUL));

export const change = {
  async coder() {
    await stage(0, 2, 'reading the task');
    if (!job.revision) {
      if (isShown()) return { summary: 'The branch shows the tax already: there is nothing left to do.' };
      showTax();
      await stage(2, 2, 'net, tax and total are shown');
      return { summary: 'Shows net, tax and total. There is no test for the tax yet.' };
    }
    edit('test/totals.test.js', (text) =>
      isTested(text) ? text : text.replace('{ netOf }', '{ netOf, taxOf }') + TEST,
    );
    await stage(2, 2, 'the review’s remark is acted on');
    return { summary: 'Added a test for the tax, as the review asked.' };
  },

  /** Connects the existing code to the requested change. Adds the tax itself, if nobody has built it yet. */
  async integrator() {
    await stage(0, 1, 'joining the parts');
    if (isShown()) return { summary: 'The parts are joined already: the page shows what lib/totals.js works out.' };
    showTax();
    return { summary: 'Joined the tax to the totals that the page shows.' };
  },

  async reviewer() {
    await stage(0, 1, 'reading the change');
    if (!isTested(read('test/totals.test.js'))) {
      const comments = [{ body: 'There is no test for the tax. Add one.', quotedSource: 'taxOf' }];
      return {
        summary: 'Works, but is not tested.',
        output: { rating: 0.6, summary: 'Works, but is not tested.', comments },
      };
    }
    return { summary: 'Good: small, and tested.', output: { rating: 0.95, summary: 'Good: small, and tested.' } };
  },

  async fixer() {
    await stage(0, 2, 'reading the findings');
    const before = read('lib/totals.js');
    edit('lib/totals.js', (text) =>
      text.replace(/\['(Total|To pay)', netOf\(items\)\]/, "['$1', netOf(items) + taxOf(items)]"),
    );
    if (read('lib/totals.js') === before) {
      return { summary: 'This scripted fixer knows one defect, the total without the tax, and does not find it here.' };
    }
    await stage(1, 2, 'running the tests');
    const { status } = node('--test');
    return {
      summary: `The total includes the tax now.${status === 0 ? '' : ' A test is red for another reason: that is for CI.'}`,
    };
  },

  async 'conflict-resolver'() {
    await stage(0, 1, 'resolving what conflicts');
    for (const file of git('diff', '--name-only', '--diff-filter=U').split('\n').filter(Boolean)) {
      // Our side has the tax, and their side has a new label for the total. Both are kept.
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
    // A checkout has the base as it was when the job began, so that no agent needs credentials or a network for it.
    const files = git('diff', '--numstat', `origin/${job.change.base}...HEAD`)
      .trim()
      .split('\n')
      .map((line) => line.split('\t'));
    const lines = files.reduce((sum, [added, removed]) => sum + Number(added) + Number(removed), 0);
    const share = (of) => Math.min(1, Math.round((lines / of) * 100) / 100);
    const rationale = `${lines} lines in ${files.length} files differ from ${job.change.base}; they are tested, and touch one page.`;
    return {
      summary: `Assessed: ${rationale}`,
      output: { complexity: share(100), risk: share(200), impact: share(100), rationale },
    };
  },
};
