/** Encrypts texts before they are stored, and decrypts them. A text that is not encrypted passes through. */
export interface Cipher {
  encrypt(text: string): string;
  /** Throws if the key is missing, or if the text was changed after encryption. */
  decrypt(text: string): string;
}

/** Without keys, texts are stored as they are. */
export const PLAIN: Cipher = { encrypt: (text) => text, decrypt: (text) => text };
