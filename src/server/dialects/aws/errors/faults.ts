import { AwsFault } from './fault.ts'

/** The service's texts, word for word: clients and their tests compare them. */
export const faults = {
  noSecret: () =>
    new AwsFault('ResourceNotFoundException', "Secrets Manager can't find the specified secret."),
  noValue: (wanted: string) =>
    new AwsFault(
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for ${wanted}`,
    ),
  stageElsewhere: () =>
    request('You provided a VersionStage that is not associated to the provided VersionId.'),
  markedForDeletion: () =>
    request("You can't perform this operation on the secret because it was marked for deletion."),
  nameScheduledForDeletion: () =>
    request(
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    ),
  noToken: () =>
    request('You must provide a ClientRequestToken value. We recommend a UUID-type value.'),
  noRotationToken: () =>
    parameter('You must provide a ClientRequestToken value. We recommend a UUID-type value.'),
  noFunction: () => request('No Lambda rotation function ARN is associated with this secret.'),
  cannotInvoke: () =>
    new AwsFault(
      'AccessDeniedException',
      'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.',
    ),
  exists: (name: string) =>
    new AwsFault(
      'ResourceExistsException',
      `The operation failed because the secret ${name} already exists.`,
    ),
  tokenInUse: (token: string, arn: string) =>
    new AwsFault(
      'ResourceExistsException',
      `You can't use ClientRequestToken ${token} because that value is already in use for a version of secret ${arn}.`,
    ),
  invalidName: () =>
    new AwsFault(
      'ValidationException',
      'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
    ),
  twoValues: () =>
    parameter(
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    ),
  noSecretValue: () => request('You must provide either SecretString or SecretBinary.'),
  invalidNextToken: () =>
    new AwsFault('InvalidNextTokenException', 'The NextToken value is not valid.'),
  recoveryWindow: () =>
    parameter('The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).'),
  forceWithWindow: () =>
    parameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."),
  malformedPolicy: (why: string) =>
    new AwsFault(
      'MalformedPolicyDocumentException',
      `This resource policy contains ${why}. Check the policy for typos, and try again.`,
    ),
  publicPolicy: () =>
    new AwsFault(
      'PublicPolicyException',
      'The resource policy grants broad access to the secret. To grant it nevertheless, set BlockPublicPolicy to false.',
    ),
  replicaRegion: () => parameter('Invalid replica region.'),
  validation: (message: string) => new AwsFault('ValidationException', message),
  serialization: (message: string) => new AwsFault('SerializationException', message),
  request: (message: string) => request(message),
  parameter: (message: string) => parameter(message),
}

function request(message: string): AwsFault {
  return new AwsFault('InvalidRequestException', message)
}

function parameter(message: string): AwsFault {
  return new AwsFault('InvalidParameterException', message)
}
