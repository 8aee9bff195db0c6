import { z } from 'zod';

const isWebAddress = (text: string) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
const isOpen = (address: string) => new URL(address).username === '' && new URL(address).password === '';

export const variables = {
  /** The address to which the `webhook` notifier posts. */
  GATEHOUSE_WEBHOOK_URL: z
    .string()
    .refine(isWebAddress, { error: 'an http or https address', abort: true })
    .refine(isOpen, { error: 'an address without credentials' })
    .optional()
    .meta({ secret: true }),
  /** The secret with which the `webhook` notifier signs, at least 8 characters. Default: no signature. */
  GATEHOUSE_WEBHOOK_SECRET: z.string().min(8, { error: 'at least 8 characters' }).optional().meta({ secret: true }),
};
