import { examples } from './examples.ts';

const requirement = {
  id: 'R-1',
  title: 'Totals',
  text: 'The basket shows its total.',
  acceptance: [{ given: 'two items', when: 'it is shown', outcome: 'their sum is shown' }],
  rules: ['Cents are rounded once.'],
};
const specification = {
  service: 'Shop',
  summary: 'A shop.',
  modules: [
    { name: 'Basket', summary: '', groups: [{ name: 'Sums', requirements: [requirement], rules: ['In euros.'] }] },
  ],
};

describe('texts of documents', () => {
  examples([
    [
      { fact: 'specificationDocument', specification },
      [
        '# Shop',
        'A shop.',
        '## Basket',
        '### Sums',
        '#### R-1: Totals',
        'The basket shows its total.',
        '- Given two items; when it is shown; then their sum is shown',
        '- Cents are rounded once.',
        'Rules:',
        '- In euros.\n',
      ].join('\n\n'),
    ],
    [
      {
        fact: 'blueprintDocument',
        blueprint: { name: 'Shop', type: 'library', summary: '', references: ['a.js'], modules: [] },
      },
      '# Shop\n\nA library.\n\n- a.js\n',
    ],
    [{ fact: 'notADocument' }, 'Its answer is no such document, so nothing was committed.'],
    [{ fact: 'committedIn', files: ['a.md', 'a.json'] }, 'It is in a.md and a.json.'],
    [{ fact: 'documentCommit', role: 'spec-writer', name: 'Shop' }, 'spec-writer: Shop'],
    [{ fact: 'documentCommit', role: 'spec-writer' }, 'spec-writer: as a person edited it'],
  ]);
});
