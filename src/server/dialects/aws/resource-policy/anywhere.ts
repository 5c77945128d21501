/** Where everything is, as policies are compared with it, whatever region was signed for. */
export const HOME_REGION = 'us-east-1'

/**
 * The pattern of an ARN as it is compared: there is one store, which any region can be signed for, so a
 * secret or a caller that a policy names is that in every region and partition. Else whoever is denied
 * would sign for another one. Other texts stay as they are.
 */
export function anywhere(pattern: string): string {
  const parts = pattern.split(':')
  const [start, partition = '', service, region = '', ...rest] = parts
  if (start !== 'arn') return pattern
  if (PARTITION.test(partition)) parts[1] = 'aws'
  const hasRegion = parts.length > 3 && (service === 'secretsmanager' || REGION.test(region))
  if (hasRegion) parts[3] = rest.length === 0 && region.endsWith('*') ? '*' : HOME_REGION
  return parts.join(':')
}

const PARTITION = /^aws[a-z-]*[*?]?$/
const REGION = /^[a-z]+(?:-[a-z]+)+-\d+$/
