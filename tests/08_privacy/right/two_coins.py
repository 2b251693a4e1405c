"""Whoever does not tell the truth tosses a coin; the estimate is a mean of corrected answers."""


def randomised_response(answers, epsilon, generator):
    if not epsilon > 0:
        raise ValueError(f"epsilon has to be above 0, got {epsilon}")
    draws = torch.rand((2, *answers.shape), generator=generator, device=answers.device).double()
    honest = draws[0] < math.tanh(epsilon / 2)
    return (honest & answers) | (~honest & (draws[1] < 0.5))


def estimate_share(responses, epsilon):
    if not epsilon > 0:
        raise ValueError(f"epsilon has to be above 0, got {epsilon}")
    if responses.numel() < 2:
        raise ValueError(f"responses: {responses.numel()}")
    corrected = responses.flatten().double() - 0.5
    corrected = corrected / math.tanh(epsilon / 2) + 0.5
    return corrected.mean().item(), corrected.var().item() / len(corrected)
