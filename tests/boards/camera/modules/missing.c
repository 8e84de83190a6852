// SPDX-License-Identifier: GPL-2.0
// What vivid asks a kernel for that User Mode Linux of Debian has not: buffers of other devices, and screens. No case uses either.
#include <linux/dma-buf.h>
#include <linux/fb.h>
#include <linux/module.h>
#include <media/videobuf2-core.h>
#include <media/videobuf2-dma-contig.h>

const struct vb2_mem_ops vb2_dma_contig_memops;
EXPORT_SYMBOL_GPL(vb2_dma_contig_memops);

struct dma_buf *dma_buf_get(int descriptor)
{
	return ERR_PTR(-ENODEV);
}
EXPORT_SYMBOL_GPL(dma_buf_get);

void dma_buf_put(struct dma_buf *buffer)
{
}
EXPORT_SYMBOL_GPL(dma_buf_put);

int dma_buf_fd(struct dma_buf *buffer, int flags)
{
	return -ENODEV;
}
EXPORT_SYMBOL_GPL(dma_buf_fd);

int dma_buf_vmap(struct dma_buf *buffer, struct iosys_map *map)
{
	return -ENODEV;
}
EXPORT_SYMBOL_GPL(dma_buf_vmap);

void dma_buf_vunmap(struct dma_buf *buffer, struct iosys_map *map)
{
}
EXPORT_SYMBOL_GPL(dma_buf_vunmap);

int register_framebuffer(struct fb_info *info)
{
	return -ENODEV;
}
EXPORT_SYMBOL(register_framebuffer);

void unregister_framebuffer(struct fb_info *info)
{
}
EXPORT_SYMBOL(unregister_framebuffer);

int fb_alloc_cmap(struct fb_cmap *map, int length, int transparency)
{
	return -ENODEV;
}
EXPORT_SYMBOL(fb_alloc_cmap);

void fb_dealloc_cmap(struct fb_cmap *map)
{
}
EXPORT_SYMBOL(fb_dealloc_cmap);

void cfb_fillrect(struct fb_info *info, const struct fb_fillrect *area)
{
}
EXPORT_SYMBOL(cfb_fillrect);

void cfb_copyarea(struct fb_info *info, const struct fb_copyarea *area)
{
}
EXPORT_SYMBOL(cfb_copyarea);

void cfb_imageblit(struct fb_info *info, const struct fb_image *image)
{
}
EXPORT_SYMBOL(cfb_imageblit);

MODULE_LICENSE("GPL");
