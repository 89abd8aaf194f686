module.exports = {
  title: 'Letters by Hand',
  url: 'https://x.example'
};
