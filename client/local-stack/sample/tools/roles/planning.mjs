// Roles that read the shop and describe it, in prose or as structured output.
import { git, job, missingTax, read, sources, stage, told, totals } from './shared.mjs';

const prose = (...lines) => ({ summary: lines.filter(Boolean).join('\n') });
const heard = () =>
  job.revision &&
  `Changed as asked: ${job.revision.feedback || job.revision.comments.map(({ text }) => text).join('; ')}`;

/** The purpose of a module: its first comment. */
const purpose = (file) => /\/\*\* (.*?) \*\//.exec(read(file))?.[1] ?? 'It says nothing of itself.';
const exported = (file) => [...read(file).matchAll(/^export const (\w+)/gm)].map(([, name]) => name);

/** The list of agreements that an incorporator has added to the description. */
const agreed = () => [...(job.task.description ?? '').matchAll(/^- (.+)$/gm)].map(([, rule]) => rule);

const EMPTY_BASKET = {
  given: 'an empty basket',
  when: 'its page is opened',
  outcome: 'net, tax and total are EUR 0.00',
};

export const planning = {
  async architect() {
    await stage(0, 1, 'looking at how it is built');
    return prose(
      `Plan for “${job.task.title}”:`,
      '1. lib/totals.js works the tax out, beside netOf: a function of its own, so that it can be tested.',
      '2. totalsOf lists net, tax and total; lib/page.js shows whatever it lists, and stays as it is.',
      `3. Tests go to test/totals.test.js. Today the page shows ${told(totals())}.`,
      heard(),
    );
  },

  async researcher() {
    await stage(0, 1, 'looking around');
    const files = git('ls-files').trim().split('\n');
    return prose(
      `The shop has ${files.length} files, ${sources().length} of them modules, and no dependencies: ${sources().join(', ')}.`,
      'Amounts are whole cents everywhere; only lib/money.js makes text of them. So the tax is rounded once, in cents.',
    );
  },

  async analysis() {
    await stage(0, 1, 'looking for what has no test');
    const tests = git('ls-files', 'test').trim().split('\n').map(read).join('\n');
    const untested = sources().flatMap((file) =>
      exported(file)
        .filter((name) => !tests.includes(name))
        .map((name) => `- ${name} of ${file}`),
    );
    return prose(`${untested.length} functions have no test that names them:`, ...untested);
  },

  async 'bug-investigator'() {
    await stage(0, 1, 'trying it');
    const rows = totals();
    const wrong = missingTax(rows) ?? (rows.length === 1 && 'it says nothing of a tax');
    return prose(
      `Reported: ${job.task.title}`,
      `Seen: the page shows ${told(rows)}${wrong ? `; ${wrong}` : ''}.`,
      'Where: totalsOf in lib/totals.js.',
    );
  },

  async 'business-reviewer'() {
    await stage(0, 1, 'reading it as a customer would');
    return prose(`A customer sees ${told(totals())}. ${missingTax(totals()) ?? 'That can be followed'}.`);
  },

  async 'architect-companion'() {
    await stage(0, 1, 'reading the plan');
    const plan = job.priorOutputs.findLast(({ kind }) => kind === 'architect')?.output ?? '';
    const named = ['lib/totals.js', 'test/totals.test.js'].filter((file) => plan.includes(file));
    const summary =
      named.length === 2
        ? 'It says where the code goes, and where its tests.'
        : 'It does not say where code and tests go.';
    return { summary, output: { rating: named.length === 2 ? 0.9 : 0.5, summary } };
  },

  async 'spec-companion'() {
    await stage(0, 1, 'reading the specification');
    const spec = job.priorOutputs.findLast(({ kind }) => kind === 'spec-writer')?.output ?? '';
    if (spec.includes('empty basket')) return { summary: 'Complete.', output: { rating: 0.9, summary: 'Complete.' } };
    const comments = [{ body: 'It does not say what an empty basket shows.' }];
    return { summary: 'One case is missing.', output: { rating: 0.7, summary: 'One case is missing.', comments } };
  },

  async 'spec-writer'() {
    await stage(0, 1, 'specifying the task');
    const acceptance = [
      { given: 'a basket', when: 'its page is opened', outcome: 'net, tax (19 %) and total are shown' },
      { given: 'a basket', when: 'net and tax are added up', outcome: 'the sum is the total' },
      ...(job.revision ? [EMPTY_BASKET] : []),
    ];
    const requirement = {
      id: `${job.task.id}-1`,
      title: job.task.title,
      text: job.task.description ?? job.task.title,
      acceptance,
    };
    const group = { name: 'Totals', requirements: [requirement], rules: ['Amounts are whole cents.', ...agreed()] };
    const output = {
      service: JSON.parse(read('package.json')).name,
      summary: job.task.title,
      modules: [{ name: 'Basket', summary: 'What is in it, and what it costs.', groups: [group] }],
    };
    return { summary: `Specified with ${acceptance.length} cases.`, output };
  },

  async blueprints() {
    await stage(0, 1, 'mapping the shop');
    const modules = sources().map((file) => ({ name: file.slice(4, -3), summary: purpose(file), references: [file] }));
    const { name } = JSON.parse(read('package.json'));
    const summary = `One page; ${modules.length} modules work out what is on it.`;
    return { summary, output: { type: 'service', name, summary, references: ['server.js'], modules } };
  },

  async 'task-estimator'() {
    await stage(0, 1, 'estimating');
    const { length } = job.task.description ?? '';
    const rationale = `${length} characters of description, ${sources().length} modules, one page.`;
    const complexity = Math.min(1, Math.round(length / 10) / 100);
    return { summary: rationale, output: { complexity, risk: 0.1, impact: 0.2, rationale } };
  },
};
