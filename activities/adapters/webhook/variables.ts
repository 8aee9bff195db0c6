import { z } from 'zod';

const isWebAddress = (text: string) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
const isOpen = (address: string) => new URL(address).username === '' && new URL(address).password === '';

export const variables = {
  /** The address that `webhook` posts to. */
  GATEHOUSE_WEBHOOK_URL: z
    .string()
    .refine(isWebAddress, { error: 'an http or https address', abort: true })
    .refine(isOpen, { error: 'an address without credentials' })
    .optional()
    .meta({ secret: true }),
  /** The secret that `webhook` signs with, at least 8 characters. None: no signature. */
  GATEHOUSE_WEBHOOK_SECRET: z.string().min(8, { error: 'at least 8 characters' }).optional().meta({ secret: true }),
};
