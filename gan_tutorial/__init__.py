"""The code behind a course on generative adversarial networks whose every claim is tested."""

__version__ = "0.1.0"
