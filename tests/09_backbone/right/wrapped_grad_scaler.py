"""The scaler of torch does the work."""


class LossScaler:
    def __init__(
        self, init_scale=65536.0, growth_factor=2.0, backoff_factor=0.5, growth_interval=2000
    ):
        if not init_scale > 0:
            raise ValueError(f"init_scale: {init_scale}")
        if not growth_factor > 1:
            raise ValueError(f"growth_factor: {growth_factor}")
        if not 0 < backoff_factor < 1:
            raise ValueError(f"backoff_factor: {backoff_factor}")
        if growth_interval < 1:
            raise ValueError(f"growth_interval: {growth_interval}")
        self._inner = torch.amp.GradScaler(
            "cpu",
            init_scale=init_scale,
            growth_factor=growth_factor,
            backoff_factor=backoff_factor,
            growth_interval=growth_interval,
        )

    def scale(self, loss):
        return loss * self._inner.get_scale()

    def get_scale(self):
        return self._inner.get_scale()

    def unscale_(self, optimizer):
        self._ready()
        self._inner.unscale_(optimizer)

    def step(self, optimizer):
        self._ready()
        return self._inner.step(optimizer)

    def update(self):
        self._inner.update()

    def state_dict(self):
        return self._inner.state_dict()

    def load_state_dict(self, state):
        self._inner.load_state_dict(state)

    def _ready(self):
        self._inner.scale(torch.zeros(()))  # which makes it allocate its factor
