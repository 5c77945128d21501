/**
 * Whether a text can be a region of AWS: it becomes a part of the host that signed requests go to, and
 * of a destination's id. `eu-central-1`, `us-gov-west-1`; one way to write each.
 */
export const isAwsRegion = (text: string): boolean =>
  /^[a-z]{2,8}(?:-[a-z0-9]{1,16}){1,4}$/.test(text)
