import { HIDDEN } from '../../contracts/text/titles.ts';

/**
 * Untrusted text: Markdown and HTML in it are escaped, so that no link, picture or table of its author is drawn.
 */
export const plain = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(HIDDEN, '\ufffd')
    .slice(0, 600)
    .replace(/[\\`*_{}[\]()#+!|<>~&]/g, (character) =>
      character === '<' ? '&lt;' : character === '&' ? '&amp;' : `\\${character}`,
    )
    .replace(/\b(javascript|data|vbscript):/gi, '$1 :')
    .replace(/\b(https?|ftp):\/\//gi, '$1:&#47;&#47;')
    .replace(/\bwww\./gi, (www) => `${www.slice(0, 3)}&#46;`)
    .replace(/@/g, '&#64;')
    .replace(/^([-=])/, '\\$1')
    .replace(/^(\d+)\./, '$1\\.');

/** A code span that its content cannot end. A pipe is escaped, because it would end a table's cell. */
export const code = (text: string): string =>
  `\`${text
    .replace(/[`\s]+/g, ' ')
    .replace(HIDDEN, '\ufffd')
    .replace(/\|/g, '\\|')
    .slice(0, 300)}\``;
