// Texts in headers that may hold more than ASCII: UTF-8 bytes and the encoded words of RFC 2047.

import { utf8OfLatin1 } from './query.ts'

const encodedWord = /=\?([A-Za-z0-9_-]{1,40})\?([BbQq])\?([^?\s]{0,4096})\?=/g
const betweenWords = /\?=[ \t]{1,16}=\?/g

const bytesOfQ = (text: string): Buffer =>
  Buffer.from(
    text
      .replaceAll('_', ' ')
      .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) =>
        String.fromCharCode(Number.parseInt(hex, 16)),
      ),
    'latin1',
  )

const decodeWord = (word: string, charset: string, encoding: string, text: string): string => {
  const bytes = encoding.toUpperCase() === 'B' ? Buffer.from(text, 'base64') : bytesOfQ(text)
  try {
    return new TextDecoder(charset, { fatal: true }).decode(bytes)
  } catch {
    return word
  }
}

/** A header's bytes (one character each) read as UTF-8 where they are, else as the Latin-1 that they came as. */
export const decodeHeaderText = (value: string): string => utf8OfLatin1(value) ?? value

/** Metadata's text with its encoded words decoded: S3 stores it so (user guide, "User-defined object metadata"). */
export const decodeWords = (text: string): string =>
  text.includes('=?')
    ? text.replaceAll(betweenWords, '?==?').replaceAll(encodedWord, decodeWord)
    : text

const beyondPrintable = /[^\x20-\x7e\t]/
const looksEncoded = /=\?[^?]*\?[BbQq]\?/

/**
 * A header's value for metadata. What is not printable ASCII goes as one encoded word, and so does a text that would be
 * taken for an encoded word.
 */
export const encodeMetadata = (text: string): string =>
  beyondPrintable.test(text) || looksEncoded.test(text)
    ? `=?UTF-8?B?${Buffer.from(text).toString('base64')}?=`
    : text

const beyondAscii = /[^\t\x20-\x7e]/
const controls = /\p{Cc}/gu

/** A header's value for anything else: UTF-8 bytes, one character each, without control characters. */
export const encodeHeaderText = (text: string): string =>
  beyondAscii.test(text) ? Buffer.from(text.replaceAll(controls, ' ')).toString('latin1') : text
