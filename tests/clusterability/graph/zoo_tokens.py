"""Published networks of tokens and patches, small: layers and wiring as published, fewer and narrower."""

import torch
from torch import nn
from torch.nn import functional


class ConvNeXtBlock(nn.Module):
    """Liu et al. 2022: channels last between a depthwise convolution and the sum."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv, self.norm = (
            nn.Conv2d(width, width, 7, padding=3, groups=width),
            nn.LayerNorm(width, eps=1e-6),
        )
        self.pwconv1, self.pwconv2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.gamma = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        out = self.gamma * self.pwconv2(functional.gelu(self.pwconv1(out)))
        return x + out.permute(0, 3, 1, 2)


class ConvNeXt(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.blocks = nn.Conv2d(3, 8, 4, 4), nn.Sequential(ConvNeXtBlock(8), ConvNeXtBlock(8))
        self.norm, self.head = nn.LayerNorm(8, eps=1e-6), nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.blocks(self.stem(x)).mean([-2, -1])))


def mlp(width: int, inner: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width))


class MixerBlock(nn.Module):
    """MLP-Mixer's: Tolstikhin et al. 2021: one perceptron along the tokens, one along the channels."""

    def __init__(self, tokens: int, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp_tokens, self.mlp_channels = mlp(tokens, 6), mlp(width, 16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x + self.mlp_tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        return x + self.mlp_channels(self.norm2(x))


class Attention(nn.Module):
    """Vaswani et al. 2017, two heads; `is_causal` as GPT-2's."""

    def __init__(self, width: int, is_causal: bool = False) -> None:
        super().__init__()
        self.qkv, self.proj, self.is_causal = nn.Linear(width, 3 * width), nn.Linear(width, width), is_causal

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(batch, tokens, 3, 2, width // 2).permute(2, 0, 3, 1, 4).unbind(0)
        x = functional.scaled_dot_product_attention(q, k, v, is_causal=self.is_causal)
        return self.proj(x.transpose(1, 2).reshape(batch, tokens, width))


class EncoderBlock(nn.Module):
    """ViT's and GPT-2's: norms stand before what they normalise for; BERT's stand behind the sums."""

    def __init__(self, width: int, is_causal: bool = False, norm_last: bool = False) -> None:
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width), Attention(width, is_causal)
        self.norm2, self.mlp, self.norm_last = nn.LayerNorm(width), mlp(width, 4 * width), norm_last

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.norm_last:
            x = self.norm1(x + self.attn(x))
            return self.norm2(x + self.mlp(x))
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchNetwork(nn.Module):
    """Patch embedding, blocks, a head on the mean of the tokens: MLP-Mixer, or ViT without a class token."""

    def __init__(self, *blocks: nn.Module) -> None:
        super().__init__()
        self.patch_embed, self.blocks = nn.Conv2d(3, 8, 4, 4), nn.Sequential(*blocks)
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.patch_embed(x).flatten(2).transpose(1, 2)
        return self.head(self.norm(self.blocks(x)).mean(dim=1))


class LanguageModel(nn.Module):
    """BERT (Devlin et al. 2019) or GPT-2 (Radford et al. 2019): embeddings, blocks, a head."""

    def __init__(self, is_causal: bool) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(20, 8), nn.Embedding(12, 8)
        self.h = nn.ModuleList(EncoderBlock(8, is_causal, norm_last=not is_causal) for _ in range(2))
        self.ln_f, self.lm_head = nn.LayerNorm(8), nn.Linear(8, 20, bias=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1], device=tokens.device))
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x))
